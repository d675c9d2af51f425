package dev.croco.execution.client.worker;

import dev.croco.execution.client.internal.Connection;
import dev.croco.execution.client.internal.RpcErrors;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.WorkHello;
import dev.croco.execution.v1.WorkRequest;
import dev.croco.execution.v1.WorkResponse;
import dev.croco.execution.v1.WorkerServiceGrpc;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * One {@code Work} call, from hello to its end. Says what is in the outbox and hands on what it is told; what gathers
 * while a message is written is the next. Of the loop's thread.
 */
final class WorkStream {
  private final Loop loop;
  private final Outbox outbox;
  private final Owner owner;
  private final Connection.Place place;
  private final ClientCall<WorkRequest, WorkResponse> call;
  private boolean finishing;
  private boolean halfClosed;
  private boolean ended;

  /** Whom a stream tells what it hears. */
  interface Owner {
    void take(WorkResponse response);

    /** It has ended: as {@code finish} asks for if {@code problem} is null. */
    void streamEnded(ExecutionProblem problem);
  }

  WorkStream(Connection connection, Loop loop, Outbox outbox, Owner owner) {
    this.loop = loop;
    this.outbox = outbox;
    this.owner = owner;
    place = connection.longCall();
    call = place.newCall(WorkerServiceGrpc.getWorkMethod());
  }

  /** Begin. */
  void start(WorkHello hello) {
    outbox.onFilled(this::write);
    call.start(new Listener(), new Metadata());
    call.request(1);
    call.sendMessage(WorkRequest.newBuilder().setHello(hello).build());
  }

  /** Say what there is to say and then no more: the server gives nothing new, answers and ends the stream. */
  void finish() {
    finishing = true;
    write();
  }

  /** End the stream at once. */
  void giveUp(String why) {
    end(RpcErrors.unavailable(why));
  }

  private void write() {
    while (!ended && !halfClosed && call.isReady()) {
      WorkRequest request = outbox.take();
      if (request != null) {
        call.sendMessage(request);
      } else if (finishing) {
        halfClosed = true;
        call.halfClose();
      } else {
        return;
      }
    }
  }

  private void heard(WorkResponse response) {
    if (!ended) {
      call.request(1);
      owner.take(response);
    }
  }

  private void closed(Status status, Metadata trailers) {
    if (!status.isOk()) {
      end(RpcErrors.problemOf(status, trailers));
    } else {
      end(finishing ? null : RpcErrors.unavailable("The server has ended the stream."));
    }
  }

  private void end(ExecutionProblem problem) {
    if (!ended) {
      ended = true;
      outbox.onFilled(() -> {});
      call.cancel("The stream is not needed any more.", null);
      place.close();
      owner.streamEnded(problem);
    }
  }

  /** Hands on to the loop. */
  private final class Listener extends ClientCall.Listener<WorkResponse> {
    @Override
    public void onReady() {
      loop.execute(WorkStream.this::write);
    }

    @Override
    public void onMessage(WorkResponse response) {
      loop.execute(() -> heard(response));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      loop.execute(() -> closed(status, trailers));
    }
  }
}
