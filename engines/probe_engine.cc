// `probe`: what a store could reach that does nothing but answer, for `kvs-bench-probe` only. A
// hand-written loop of hash, slot, compare and copy out of a mapped log; a write is a copy behind
// the log's end, in tier `sync` a write(2) and an fdatasync of its own.
//
// It keeps none of the promises that make a store: nothing is checked, removed, compacted or found
// again by the next open, and a write beside a reader is a race. Measure loads and reads, or
// writes, never both.
#include <emmintrin.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engines/log_store/file.h"
#include "engines/registry.h"
#include "engines/store_directory.h"
#include "engines/thread_annotations.h"

namespace kvs {

extern const EngineDefinition kProbeEngine;

namespace {

constexpr uint64_t kSegmentBytes = uint64_t{64} << 20;
constexpr unsigned kSegmentShift = 26;
constexpr size_t kMaxKey = 65535;
constexpr size_t kMaxValue = size_t{16} << 20;
constexpr size_t kBucketSlots = 8;
constexpr unsigned kTagShift = 48;
constexpr size_t kHugePage = size_t{2} << 20;

struct RecordSizes {
  uint32_t key;
  uint32_t value;
};

// A table of buckets of eight slots (16 bits of hash, 48 bits of log position), at most half full,
// in huge pages.
class ProbeTable {
 public:
  explicit ProbeTable(size_t buckets)
      : mask_(buckets - 1),
        slots_(static_cast<uint64_t*>(std::aligned_alloc(kHugePage, Bytes(buckets)))) {
    if (slots_ == nullptr) throw std::bad_alloc();
    (void)::madvise(slots_.get(), Bytes(buckets), MADV_HUGEPAGE);
    std::memset(slots_.get(), 0, Bytes(buckets));
  }

  size_t buckets() const { return mask_ + 1; }
  uint64_t* Bucket(size_t number) const { return slots_.get() + (number & mask_) * kBucketSlots; }

 private:
  struct Free {
    void operator()(uint64_t* slots) const { std::free(slots); }
  };
  static size_t Bytes(size_t buckets) {
    return (buckets * kBucketSlots * sizeof(uint64_t) + kHugePage - 1) / kHugePage * kHugePage;
  }

  size_t mask_;
  std::unique_ptr<uint64_t, Free> slots_;
};

// Thread safety: Get from any thread while nobody sets; Set from any thread.
class ProbeStore {
 public:
  explicit ProbeStore(const EngineOptions& options)
      : claim_("probe", options.directory, {.name = "probe", .version = 1}),
        directory_(options.directory),
        sync_(options.durability == Durability::kSync),
        files_(PosixFileSystem("probe")),
        table_(1024) {
    if (!claim_.is_new()) {
      throw EngineError(ErrorKind::kUnsupported, "probe", "open", directory_,
                        "it does not find its data again");
    }
    const MutexLock lock(mutex_);
    AddSegment();
  }

  bool Get(std::string_view key, std::string& value) const {
    const uint64_t hash = XXH3_64bits(key.data(), key.size());
    for (size_t number = hash;; ++number) {
      const uint64_t* const bucket = table_.Bucket(number);
      for (unsigned candidates = SlotsWithTag(bucket, hash); candidates != 0;
           candidates &= candidates - 1) {
        const char* const record = At(bucket[std::countr_zero(candidates)]);
        RecordSizes sizes;
        std::memcpy(&sizes, record, sizeof sizes);
        if (sizes.key != key.size()) continue;
        if (std::memcmp(record + sizeof sizes, key.data(), key.size()) != 0) continue;
        if (value.size() != sizes.value) value.resize(sizes.value);
        std::memcpy(value.data(), record + sizeof sizes + sizes.key, sizes.value);
        return true;
      }
      if (bucket[kBucketSlots - 1] == 0) return false;  // slots are taken in order
    }
  }

  void Set(std::string_view key, std::string_view value) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const uint64_t position = Append(key, value);
    if ((entries_ + 1) * 2 > table_.buckets() * kBucketSlots) Grow();
    const uint64_t hash = XXH3_64bits(key.data(), key.size());
    uint64_t& slot = SlotFor(table_, hash, [&](uint64_t word) {
      RecordSizes sizes;
      std::memcpy(&sizes, At(word), sizeof sizes);
      return std::string_view(At(word) + sizeof sizes, sizes.key) == key;
    });
    if (slot == 0) ++entries_;
    slot = TagOf(hash) << kTagShift | position;
  }

 private:
  struct Segment {
    std::unique_ptr<File> file;
    std::unique_ptr<Mapping> mapping;
  };

  static uint64_t TagOf(uint64_t hash) { return hash >> kTagShift | 1; }

  static unsigned SlotsWithTag(const uint64_t* bucket, uint64_t hash) {
    const auto* const words = reinterpret_cast<const __m128i*>(bucket);
    const auto tags = [words](int first) {
      const __m128 low = _mm_castsi128_ps(_mm_load_si128(words + first));
      const __m128 high = _mm_castsi128_ps(_mm_load_si128(words + first + 1));
      return _mm_srli_epi32(_mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1))),
                            kTagShift - 32);
    };
    const __m128i wanted = _mm_set1_epi32(static_cast<int>(TagOf(hash)));
    const __m128i equal =
        _mm_packs_epi32(_mm_cmpeq_epi32(tags(0), wanted), _mm_cmpeq_epi32(tags(2), wanted));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
  }

  // The address of the record that a slot leads to.
  const char* At(uint64_t word) const {
    const uint64_t position = word & ((uint64_t{1} << kTagShift) - 1);
    return segment_data_[position >> kSegmentShift] + (position & (kSegmentBytes - 1));
  }

  template <typename Matches>
  static uint64_t& SlotFor(const ProbeTable& table, uint64_t hash, Matches matches) {
    for (size_t number = hash;; ++number) {
      uint64_t* const bucket = table.Bucket(number);
      for (size_t i = 0; i < kBucketSlots; ++i) {
        if (bucket[i] == 0) return bucket[i];
        if (bucket[i] >> kTagShift == TagOf(hash) && matches(bucket[i])) return bucket[i];
      }
    }
  }

  void Grow() KVS_REQUIRES(mutex_) {
    ProbeTable larger(table_.buckets() * 2);
    for (size_t number = 0; number < table_.buckets(); ++number) {
      const uint64_t* const bucket = table_.Bucket(number);
      for (size_t i = 0; i < kBucketSlots && bucket[i] != 0; ++i) {
        RecordSizes sizes;
        std::memcpy(&sizes, At(bucket[i]), sizeof sizes);
        const uint64_t hash = XXH3_64bits(At(bucket[i]) + sizeof sizes, sizes.key);
        SlotFor(larger, hash, [](uint64_t) { return false; }) = bucket[i];
      }
    }
    table_ = std::move(larger);
  }

  // Returns the position.
  uint64_t Append(std::string_view key, std::string_view value) KVS_REQUIRES(mutex_) {
    const RecordSizes sizes = {static_cast<uint32_t>(key.size()),
                               static_cast<uint32_t>(value.size())};
    const uint64_t size = (sizeof sizes + key.size() + value.size() + 7) & ~uint64_t{7};
    static_assert(sizeof(RecordSizes) + kMaxKey + kMaxValue < kSegmentBytes);
    if (end_ + size > kSegmentBytes) AddSegment();
    Segment& segment = segments_.back();
    char* out = segment.mapping->data() + end_;
    if (sync_) {
      record_.resize(size);
      out = record_.data();
    }
    std::memcpy(out, &sizes, sizeof sizes);
    std::memcpy(out + sizeof sizes, key.data(), key.size());
    std::memcpy(out + sizeof sizes + key.size(), value.data(), value.size());
    if (sync_) {
      segment.file->Append(record_);
      segment.file->Sync();
    }
    const uint64_t position = (segments_.size() - 1) << kSegmentShift | end_;
    end_ += size;
    return position;
  }

  void AddSegment() KVS_REQUIRES(mutex_) {
    if (segments_.size() == segment_data_.size()) {
      throw EngineError(ErrorKind::kFull, "probe", "set", directory_, "it holds 256 GiB at most");
    }
    Segment segment;
    segment.file = files_->Create(directory_ / (std::to_string(segments_.size()) + ".log"));
    segment.file->Allocate(kSegmentBytes, sync_ ? CachedAs::kSmallPieces : CachedAs::kHugePieces);
    segment.mapping = segment.file->Map(kSegmentBytes, /*writable=*/true, /*prefault=*/true);
    segment.file->Sync();  // what prefaulting has made dirty, too
    segment_data_[segments_.size()] = segment.mapping->data();
    segments_.push_back(std::move(segment));
    end_ = 0;
  }

  const StoreDirectory claim_;
  const std::filesystem::path directory_;
  const bool sync_;
  const std::unique_ptr<FileSystem> files_;
  ProbeTable table_;
  std::array<const char*, 4096> segment_data_{};

  Mutex mutex_;
  std::vector<Segment> segments_ KVS_GUARDED_BY(mutex_);
  uint64_t end_ KVS_GUARDED_BY(mutex_) = 0;  // of the last segment's records
  uint64_t entries_ KVS_GUARDED_BY(mutex_) = 0;
  std::string record_ KVS_GUARDED_BY(mutex_);
};

class ProbeEngine final : public KvsEngine {
 public:
  explicit ProbeEngine(std::shared_ptr<ProbeStore> store) : store_(std::move(store)) {}

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::make_unique<ProbeEngine>(store_);
  }
  void Set(std::string_view key, std::string_view value) override { store_->Set(key, value); }
  bool Get(std::string_view key, std::string& value) override { return store_->Get(key, value); }
  RemoveResult Remove(std::string_view) override {
    throw EngineError(ErrorKind::kUnsupported, "probe", "remove", {}, "it only sets and gets");
  }
  void Settle() override {}
  EngineInfo Info() const override {
    return {.library = "probe",
            .library_version = KVS_VERSION,
            .effective_options = {},
            .notes = {"no store: a bound for reads without writes, and for writes without reads"}};
  }

 private:
  const std::shared_ptr<ProbeStore> store_;
};

EngineCapabilities ProbeCapabilities(const EngineOptions& options) {
  CheckSettings(kProbeEngine, options);
  return {.max_key_bytes = kMaxKey, .max_value_bytes = kMaxValue};
}

std::unique_ptr<KvsEngine> OpenProbe(const EngineOptions& options) {
  CheckSettings(kProbeEngine, options);
  return std::make_unique<ProbeEngine>(std::make_shared<ProbeStore>(options));
}

}  // namespace

const EngineDefinition kProbeEngine{
    .name = "probe",
    .summary = "no store: the bound that a store could reach; reads or writes, never both",
    .settings = {},
    .capabilities = ProbeCapabilities,
    .open = OpenProbe,
};

}  // namespace kvs
