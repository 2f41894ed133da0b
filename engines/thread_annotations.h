// Locks that clang's thread-safety analysis can check (-Wthread-safety in the `dev` preset),
// because libstdc++'s own are not annotated.
#ifndef KVS_ENGINES_THREAD_ANNOTATIONS_H_
#define KVS_ENGINES_THREAD_ANNOTATIONS_H_

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define KVS_ANNOTATION(x) __attribute__((x))
#else
#define KVS_ANNOTATION(x)
#endif

#define KVS_CAPABILITY(x) KVS_ANNOTATION(capability(x))
#define KVS_SCOPED_CAPABILITY KVS_ANNOTATION(scoped_lockable)
#define KVS_GUARDED_BY(x) KVS_ANNOTATION(guarded_by(x))
#define KVS_PT_GUARDED_BY(x) KVS_ANNOTATION(pt_guarded_by(x))
#define KVS_REQUIRES(...) KVS_ANNOTATION(requires_capability(__VA_ARGS__))
#define KVS_REQUIRES_SHARED(...) KVS_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define KVS_ACQUIRE(...) KVS_ANNOTATION(acquire_capability(__VA_ARGS__))
#define KVS_ACQUIRE_SHARED(...) KVS_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define KVS_RELEASE(...) KVS_ANNOTATION(release_capability(__VA_ARGS__))
#define KVS_RELEASE_SHARED(...) KVS_ANNOTATION(release_shared_capability(__VA_ARGS__))
#define KVS_RELEASE_GENERIC(...) KVS_ANNOTATION(release_generic_capability(__VA_ARGS__))
#define KVS_TRY_ACQUIRE(...) KVS_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define KVS_EXCLUDES(...) KVS_ANNOTATION(locks_excluded(__VA_ARGS__))
#define KVS_NO_THREAD_SAFETY_ANALYSIS KVS_ANNOTATION(no_thread_safety_analysis)

namespace kvs {

class KVS_CAPABILITY("mutex") Mutex {
 public:
  void lock() KVS_ACQUIRE() { mutex_.lock(); }
  void unlock() KVS_RELEASE() { mutex_.unlock(); }
  bool try_lock() KVS_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class KVS_CAPABILITY("shared mutex") SharedMutex {
 public:
  void lock() KVS_ACQUIRE() { mutex_.lock(); }
  void unlock() KVS_RELEASE() { mutex_.unlock(); }
  void lock_shared() KVS_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() KVS_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class KVS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) KVS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() KVS_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class KVS_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) KVS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriterLock() KVS_RELEASE() { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class KVS_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) KVS_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReaderLock() KVS_RELEASE_GENERIC() { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

// Waits on a kvs::Mutex. The caller holds the mutex, and holds it again on return.
class ConditionVariable {
 public:
  void Wait(Mutex& mutex) KVS_REQUIRES(mutex) { condition_.wait(mutex); }
  template <typename Duration>
  std::cv_status WaitFor(Mutex& mutex, Duration duration) KVS_REQUIRES(mutex) {
    return condition_.wait_for(mutex, duration);
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace kvs

#endif  // KVS_ENGINES_THREAD_ANNOTATIONS_H_
