package main

import (
	"context"
	"iter"
	"sync"

	execution "github.com/croco-dev/execution/clients/go"
)

// controls are the commands about what goes on in the background, under a name.
var controls map[string]func(*driver, arguments) (any, error)

func init() { // Not a literal: begin performs commands.
	controls = map[string]func(*driver, arguments) (any, error){
		"watch":         (*driver).watch,
		"watch_all":     (*driver).watchAll,
		"watched_until": (*driver).watchedUntil,
		"watched":       (*driver).watched,
		"unwatch":       (*driver).unwatch,
		"begin":         (*driver).begin,
		"finish":        (*driver).finish,
		"abandon":       (*driver).abandon,
		"work":          (*driver).work,
		"stop_work":     (*driver).stopWork,
	}
}

// watch is a watch in the background, and what it has told.
type watch struct {
	cancel   context.CancelFunc
	mu       sync.Mutex
	changed  *sync.Cond
	messages []execution.WatchMessage
	ended    bool
	err      error
}

func (d *driver) watch(with arguments) (any, error) {
	options := &execution.WatchOptions{
		AfterRevision: optional(with, "after_revision", with.integer),
		Follow:        with.yes("follow"),
		View:          execution.View(with.text("view")),
	}
	d.listen(with.text("as"), func(ctx context.Context) iter.Seq2[execution.WatchMessage, error] {
		return d.client.Watch(ctx, with.text("id"), options)
	})
	return nil, nil
}

func (d *driver) watchAll(with arguments) (any, error) {
	options := &execution.WatchAllOptions{ChangesOnly: with.has("snapshot") && !with.yes("snapshot")}
	d.listen(with.text("as"), func(ctx context.Context) iter.Seq2[execution.WatchMessage, error] {
		return d.client.WatchAll(ctx, filter(with), options)
	})
	return nil, nil
}

func (d *driver) listen(name string, open func(context.Context) iter.Seq2[execution.WatchMessage, error]) {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{cancel: cancel}
	w.changed = sync.NewCond(&w.mu)
	d.watches[name] = w
	go func() {
		for message, err := range open(ctx) {
			w.note(func() {
				if err != nil {
					w.err = err
				} else {
					w.messages = append(w.messages, message)
				}
			})
		}
		w.note(func() { w.ended = true })
	}()
}

func (w *watch) note(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.changed.Broadcast()
}

// until waits until the watch has told something or has ended, and answers all that it has told.
func (w *watch) until(told func([]execution.WatchMessage) bool) ([]object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.ended && !told(w.messages) {
		w.changed.Wait()
	}
	messages := make([]object, len(w.messages))
	for index, message := range w.messages {
		messages[index] = messageJSON(message)
	}
	return messages, w.err
}

func never([]execution.WatchMessage) bool { return false }

func (d *driver) watchedUntil(with arguments) (any, error) {
	messages, _ := d.watches[with.text("as")].until(func(told []execution.WatchMessage) bool {
		bookmarks := int64(0)
		for _, message := range told {
			if message.Event == execution.EventBookmark {
				bookmarks++
			}
			if with.has("revision") && message.Revision >= with.integer("revision") ||
				with.has("status") && statusOf(message) == execution.Status(with.text("status")) {
				return true
			}
		}
		return with.has("events") && int64(len(told)) >= with.integer("events") ||
			with.has("bookmarks") && bookmarks >= with.integer("bookmarks")
	})
	return object{"messages": messages}, nil
}

func statusOf(message execution.WatchMessage) execution.Status {
	switch {
	case message.Execution != nil:
		return message.Execution.Status
	case message.Change != nil:
		return message.Change.To
	default:
		return ""
	}
}

func (d *driver) watched(with arguments) (any, error) {
	messages, err := d.watches[with.text("as")].until(never)
	return object{"messages": messages, "problem": problemOf(err)}, nil
}

func (d *driver) unwatch(with arguments) (any, error) {
	w := d.watches[with.text("as")]
	w.cancel()
	messages, _ := w.until(never)
	return object{"messages": messages}, nil
}

// begun is a verb in the background.
type begun struct {
	cancel context.CancelFunc
	done   chan struct{}
	answer any
	err    error
}

func (d *driver) begin(with arguments) (any, error) {
	ctx, cancel := context.WithCancel(context.Background())
	b := &begun{cancel: cancel, done: make(chan struct{})}
	d.begun[with.text("as")] = b
	go func() {
		defer close(b.done)
		b.answer, b.err = d.do(ctx, with.text("do"), with.part("with"))
	}()
	return nil, nil
}

func (d *driver) finish(with arguments) (any, error) {
	b := d.begun[with.text("as")]
	<-b.done
	return b.answer, b.err
}

func (d *driver) abandon(with arguments) (any, error) {
	b := d.begun[with.text("as")]
	b.cancel()
	<-b.done
	return nil, nil
}
