package dev.croco.execution.client;

import dev.croco.execution.client.problems.ExecutionProblem;

/**
 * What became of one part of a batch: an execution or a problem; the other is null.
 *
 * @param <E> the kind of execution
 */
public record Outcome<E extends Execution>(E execution, ExecutionProblem problem) {
  /**
   * Answer the execution.
   *
   * @throws ExecutionProblem the problem, if it is one
   */
  public E orThrow() {
    if (problem != null) {
      throw problem;
    }
    return execution;
  }
}
