// One thread that runs tasks in the order in which they were given.
#ifndef KVS_ENGINES_LOG_STORE_TASK_THREAD_H_
#define KVS_ENGINES_LOG_STORE_TASK_THREAD_H_

#include <deque>
#include <functional>
#include <thread>

#include "engines/thread_annotations.h"

namespace kvs {

// Thread safety: safe from any thread.
class TaskThread {
 public:
  // `task_begins` is called before each task; for tests.
  explicit TaskThread(std::function<void()> task_begins)
      : task_begins_(std::move(task_begins)), thread_([this] { Run(); }) {}
  // Finishes the tasks that are waiting.
  ~TaskThread();
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // `task` must not throw.
  void Submit(std::function<void()> task) KVS_EXCLUDES(mutex_);
  // Waits until every task submitted before the call has run.
  void Drain() KVS_EXCLUDES(mutex_);

 private:
  void Run() KVS_EXCLUDES(mutex_);

  const std::function<void()> task_begins_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::function<void()>> tasks_ KVS_GUARDED_BY(mutex_);
  uint64_t submitted_ KVS_GUARDED_BY(mutex_) = 0;
  uint64_t finished_ KVS_GUARDED_BY(mutex_) = 0;
  bool stopping_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_TASK_THREAD_H_
