package dev.croco.execution.client;

import dev.croco.execution.client.internal.MessageStream;
import dev.croco.execution.client.internal.Pauses;
import dev.croco.execution.client.internal.Resume;
import dev.croco.execution.client.internal.RpcErrors;
import dev.croco.execution.client.problems.ExecutionProblem;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What happens to executions, as it happens: to be read by one thread, in a loop over it or as a Stream.
 *
 * <p>Reading waits for the next message. It goes on over lost connections and restarts of the service, without a gap
 * and without a repeat, for as long as it takes. Closing it, which may be done in any thread, ends the loop;
 * interrupting the thread that reads throws Cancelled there. Must be closed unless it is read to its end.
 */
public final class Watch implements Iterable<WatchMessage>, AutoCloseable {
  private final Reader reader;

  private Watch(Reader reader) {
    this.reader = reader;
  }

  static <Q, M> Watch of(Watching<Q, M> watching, Function<Q, MessageStream<M>> open, Duration silence) {
    return new Watch(new Streams<>(watching, open, silence));
  }

  /** Answer the one iterator that there is. Its {@code hasNext} waits. */
  @Override
  public Iterator<WatchMessage> iterator() {
    return reader;
  }

  /** Answer the messages as a Stream, which closes the watch when it is closed. */
  public Stream<WatchMessage> stream() {
    return StreamSupport.stream(spliterator(), false).onClose(this::close);
  }

  /** End it. May be called twice. */
  @Override
  public void close() {
    reader.close();
  }

  /** Hides the kinds of message. */
  private abstract static class Reader implements Iterator<WatchMessage> {
    private WatchMessage next;

    abstract WatchMessage read();

    abstract void close();

    @Override
    public boolean hasNext() {
      if (next == null) {
        next = read();
      }
      return next != null;
    }

    @Override
    public WatchMessage next() {
      if (!hasNext()) {
        throw new NoSuchElementException("The watch has ended.");
      }
      WatchMessage told = next;
      next = null;
      return told;
    }
  }

  /** Opens one stream after the other. */
  private static final class Streams<Q, M> extends Reader {
    private final Watching<Q, M> watching;
    private final Function<Q, MessageStream<M>> open;
    private final Duration silence;
    private final Resume resume = new Resume();
    private final Queue<WatchMessage> told = new ArrayDeque<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private MessageStream<M> stream;

    Streams(Watching<Q, M> watching, Function<Q, MessageStream<M>> open, Duration silence) {
      this.watching = watching;
      this.open = open;
      this.silence = silence;
    }

    @Override
    WatchMessage read() {
      try {
        while (told.isEmpty() && !isClosed()) {
          readStream();
        }
      } catch (ExecutionProblem problem) {
        boolean wanted = !isClosed();
        close();
        if (wanted) {
          throw problem;
        }
      }
      return told.poll();
    }

    @Override
    void close() {
      closed.countDown();
      letGo();
    }

    private void readStream() {
      try {
        M message = current().read(silence);
        if (message != null) {
          resume.succeeded();
          told.addAll(watching.take(message));
          return;
        }
        if (watching.ended()) {
          close();
          return;
        }
        throw RpcErrors.unavailable("The stream ended early.");
      } catch (ExecutionProblem problem) {
        letGo();
        pause(resume.pauseAfter(problem));
      }
    }

    private boolean isClosed() {
      return closed.getCount() == 0;
    }

    private synchronized MessageStream<M> current() {
      if (stream == null) {
        stream = open.apply(watching.request());
      }
      if (isClosed()) {
        letGo();
        throw RpcErrors.unavailable("The watch is closed.");
      }
      return stream;
    }

    private synchronized void letGo() {
      if (stream != null) {
        stream.close();
        stream = null;
      }
    }

    private void pause(Duration pause) {
      try {
        boolean ignored = closed.await(pause.toNanos(), TimeUnit.NANOSECONDS);
      } catch (InterruptedException interruption) {
        throw Pauses.interrupted();
      }
    }
  }
}
