package dev.croco.execution.client.worker;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.croco.execution.client.Scripted;
import dev.croco.execution.v1.Execution;
import dev.croco.execution.v1.WorkAcknowledgement;
import dev.croco.execution.v1.WorkDirective;
import dev.croco.execution.v1.WorkHello;
import dev.croco.execution.v1.WorkRefusal;
import dev.croco.execution.v1.WorkReport;
import dev.croco.execution.v1.WorkRequest;
import dev.croco.execution.v1.WorkResponse;
import dev.croco.execution.v1.WorkerServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The service's side of the streams of a worker, one after the other. */
final class WorkScript extends WorkerServiceGrpc.WorkerServiceImplBase {
  private final BlockingQueue<Stream> streams = new LinkedBlockingQueue<>();

  /** Wait for the next stream that the worker opens. */
  Stream next() throws InterruptedException {
    return Scripted.next(streams);
  }

  @Override
  public StreamObserver<WorkRequest> work(StreamObserver<WorkResponse> responses) {
    Stream stream = new Stream(responses);
    streams.add(stream);
    return stream;
  }

  /** One stream. */
  static final class Stream implements StreamObserver<WorkRequest> {
    private final BlockingQueue<WorkRequest> requests = new LinkedBlockingQueue<>();
    private final BlockingQueue<WorkReport> reports = new LinkedBlockingQueue<>();
    private final StreamObserver<WorkResponse> responses;

    private Stream(StreamObserver<WorkResponse> responses) {
      this.responses = responses;
    }

    /** Wait for the worker's hello. */
    WorkHello hello() throws InterruptedException {
      WorkRequest request = Scripted.next(requests);
      assertTrue(request.hasHello());
      return request.getHello();
    }

    /** Wait for the next report. */
    WorkReport report() throws InterruptedException {
      return Scripted.next(reports);
    }

    /** Wait for the next report, and take it. */
    WorkReport taken() throws InterruptedException {
      WorkReport report = report();
      acknowledge(report);
      return report;
    }

    /** Wait for the next report that ends the attempt, and take all until then. */
    WorkReport end() throws InterruptedException {
      WorkReport report = taken();
      while (report.getEndCase() == WorkReport.EndCase.END_NOT_SET) {
        report = taken();
      }
      return report;
    }

    void assign(Execution execution) {
      say(WorkResponse.newBuilder().addAssignments(execution));
    }

    void acknowledge(WorkReport report) {
      say(WorkResponse.newBuilder().addAcknowledgements(acknowledgement(report).setRevision(9)));
    }

    void refuse(WorkReport report, WorkRefusal.Builder refusal) {
      say(WorkResponse.newBuilder().addAcknowledgements(acknowledgement(report).setRefusal(refusal)));
    }

    void direct(WorkDirective.Builder directive) {
      say(WorkResponse.newBuilder().addDirectives(directive));
    }

    void fail(RuntimeException problem) {
      responses.onError(problem);
    }

    @Override
    public void onNext(WorkRequest request) {
      if (request.hasHello()) {
        requests.add(request);
      }
      reports.addAll(request.getReportsList());
    }

    @Override
    public void onError(Throwable cancelled) {
      // The worker has given it up.
    }

    @Override
    public synchronized void onCompleted() {
      responses.onCompleted();
    }

    private synchronized void say(WorkResponse.Builder response) {
      responses.onNext(response.build());
    }

    private static WorkAcknowledgement.Builder acknowledgement(WorkReport report) {
      return WorkAcknowledgement.newBuilder().setSequence(report.getSequence());
    }
  }
}
