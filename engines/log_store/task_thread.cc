#include "engines/log_store/task_thread.h"

#include <utility>

namespace kvs {

TaskThread::~TaskThread() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void TaskThread::Submit(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    ++submitted_;
  }
  changed_.NotifyAll();
}

void TaskThread::Drain() {
  const MutexLock lock(mutex_);
  const uint64_t last = submitted_;
  while (finished_ < last) changed_.Wait(mutex_);
}

void TaskThread::Run() {
  while (true) {
    std::function<void()> task;
    {
      const MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) changed_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    if (task_begins_) task_begins_();
    task();
    task = nullptr;  // what it holds goes before it counts as finished
    {
      const MutexLock lock(mutex_);
      ++finished_;
    }
    changed_.NotifyAll();
  }
}

}  // namespace kvs
