package execution

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// workStream is one Work call, from hello to its end. It says what is in the outbox and hands on what it is told; what
// gathers while a message is written is the next.
type workStream struct {
	run       *run
	finishing bool // guarded by the run's mutex
	context   context.Context
	cancel    context.CancelCauseFunc
}

func newWorkStream(ctx context.Context, run *run) *workStream {
	s := &workStream{run: run}
	s.context, s.cancel = context.WithCancelCause(ctx)
	return s
}

// finish says what there is to say and then no more: the server gives nothing new, answers and ends the stream.
func (s *workStream) finish() {
	s.finishing = true
	s.run.outbox.wake()
}

// giveUp ends the stream at once.
func (s *workStream) giveUp(why string) { s.cancel(unavailable(why)) }

// talk answers nil when the stream has ended as finish asks for, and else the problem with which it has.
func (s *workStream) talk(hello *pb.WorkHello) error {
	defer s.cancel(nil)
	line, giveBack, err := s.run.client.connection.longCall()
	if err != nil {
		return err
	}
	defer giveBack()
	stream, err := line.work.Work(s.context)
	if err != nil {
		return s.problemOf(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() { s.write(stream, hello) })
	err = s.read(stream)
	s.cancel(nil)
	writer.Wait()
	return err
}

func (s *workStream) read(stream grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse]) error {
	for {
		response, err := stream.Recv()
		if err == io.EOF && s.isFinishing() {
			return nil
		}
		if err == io.EOF {
			return unavailable("The server has ended the stream.")
		}
		if err != nil {
			return s.problemOf(err)
		}
		s.run.take(response)
	}
}

// write ends when the stream does: however writing fails, reading tells why.
func (s *workStream) write(stream grpc.BidiStreamingClient[pb.WorkRequest, pb.WorkResponse], hello *pb.WorkHello) {
	err := stream.Send(&pb.WorkRequest{Hello: hello})
	for err == nil {
		request, finishing := s.next()
		switch {
		case request != nil:
			err = stream.Send(request)
		case finishing:
			stream.CloseSend() // Its error is always nil.
			return
		default:
			select {
			case <-s.run.outbox.filled:
			case <-s.context.Done():
				return
			}
		}
	}
}

func (s *workStream) next() (request *pb.WorkRequest, finishing bool) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return s.run.outbox.take(), s.finishing
}

func (s *workStream) isFinishing() bool {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return s.finishing
}

// problemOf answers why the stream ended: why it was given up, if it was.
func (s *workStream) problemOf(err error) error {
	if given, ok := context.Cause(s.context).(*Unavailable); ok {
		return given
	}
	return s.run.client.problemOf(s.context, err)
}
