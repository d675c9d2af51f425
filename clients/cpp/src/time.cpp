#include "time.hpp"

#include <condition_variable>
#include <mutex>

namespace croco::execution {

gpr_timespec After(Duration time) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(time.count(), GPR_TIMESPAN));
}

void Pause(Duration time, const std::stop_token& one, const std::stop_token& other) {
  std::mutex mutex;
  std::condition_variable_any changed;
  const std::stop_callback wake(one, [&] {
    const std::lock_guard guard(mutex);
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait_for(lock, other, time, [&one] { return one.stop_requested(); });
}

}  // namespace croco::execution
