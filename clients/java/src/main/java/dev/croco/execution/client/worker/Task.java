package dev.croco.execution.client.worker;

/** What does an execution. */
@FunctionalInterface
public interface Task {
  /**
   * Do it, in a thread of its own. What is answered is the result of the execution, any JSON value; null is none.
   *
   * @throws Exception what fails the attempt, after which another may follow; {@link Retryable} and {@link Permanent}
   *     say more
   */
  Object run(Job job) throws Exception;
}
