package dev.croco.execution.driver;

import java.util.concurrent.Callable;

/** Something that goes on in a thread of its own. */
final class Begun {
  private final Thread thread;
  private Object answer;
  private RuntimeException thrown;

  Begun(Callable<Object> work) {
    thread = new Thread(() -> perform(work), "begun");
    thread.setDaemon(true);
    thread.start();
  }

  /** Wait for its end and answer, or throw, what it did. */
  Object finish() throws InterruptedException {
    thread.join();
    if (thrown != null) {
      throw thrown;
    }
    return answer;
  }

  /** Interrupt it and wait for its end. */
  void abandon() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }

  private void perform(Callable<Object> work) {
    try {
      answer = work.call();
    } catch (RuntimeException problem) {
      thrown = problem;
    } catch (Exception fault) {
      thrown = new IllegalStateException(fault);
    }
  }
}
