# Sourced by the other scripts: what they print, and how they run one step.
#
# A step is a command whose output matters only when it fails. It goes to a log file; a terminal
# shows the log's last line while the step runs, and a failure shows the end of the log.

export LC_ALL=C.UTF-8
readonly INSTALL_LOG=build/logs/install-packages.log

say() { printf '%s\n' "$@"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  shift
  if (($#)); then printf '  %s\n' "$@" >&2; fi
  exit 2
}

# The live line of a running step; ends within a second of the script, whatever ends that.
show_progress() {
  local title=$1 log=$2 start=$SECONDS line
  while kill -0 $$ 2>/dev/null; do
    line=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1)
    printf '\r\033[K%s' "$(printf '%s: %d s  %s' "$title" $((SECONDS - start)) "$line" |
      tr -d '\033' | cut -c "1-$((${COLUMNS:-80} - 1))")"
    sleep 1
  done
}

# run_step <title> <log file> <command>...: returns the command's status. The command runs in the
# foreground, because a shell makes its background jobs deaf to Ctrl-C.
run_step() {
  local title=$1 log=$2 start=$SECONDS status=0 progress=
  shift 2
  mkdir -p "$(dirname "$log")"
  : >"$log"
  if [[ -t 1 && -z ${CI:-} ]]; then
    COLUMNS=$(tput cols 2>/dev/null || echo 80) show_progress "$title" "$log" &
    progress=$!
  else
    say "$title ..."
  fi
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [[ -n $progress ]]; then
    kill "$progress" 2>/dev/null || true
    wait "$progress" 2>/dev/null || true
    printf '\r\033[K'
  fi
  if ((status == 0)); then
    say "$title: done in $((SECONDS - start)) s"
  else
    tail -n 60 "$log" >&2
    printf '%s: FAILED after %d s (status %d); the whole log: %s\n' \
      "$title" $((SECONDS - start)) "$status" "$log" >&2
  fi
  return "$status"
}

# configure <preset>: when never done, or when the presets or the installed packages changed since.
# (Changes of a CMakeLists.txt are noticed by the build itself.)
configure() {
  local done_at=build/$1/build.ninja
  if [[ -e $done_at && ! CMakePresets.json -nt $done_at && ! $INSTALL_LOG -nt $done_at ]]; then
    return 0
  fi
  run_step "Configure $1" "build/logs/configure-$1.log" cmake --preset "$1"
}

# build <preset> <target>...
build() {
  local preset=$1
  shift
  configure "$preset" || return
  run_step "Build $preset" "build/logs/build-$preset.log" \
    cmake --build "build/$preset" --target "$@"
}
