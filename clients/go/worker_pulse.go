package execution

import "time"

// beats is how many beats a lease has.
const beats = 12

const (
	askAfter    = 2
	giveUpAfter = 2
	loseAfter   = 7 // and one beat more: eight twelfths are two thirds
)

// verdict is what to do at a beat.
type verdict int

const (
	goOn verdict = iota
	ask
	reconnect
	lose
)

// pulse judges whether the worker still holds its leases, by what it hears.
//
// While the stream is open the service lets each lease begin anew every third of its duration. So when the worker last
// heard of the service two thirds of every lease were left: after those it cannot know, and must not run on. That a
// stream looks open says nothing, for a connection can die in silence. A worker that holds something and hears nothing
// reports of one attempt, to be answered, and gives up a stream that does not answer.
//
// It judges at every beat, a twelfth of a lease. One judgement alone loses nothing: after a pause of this process (it was
// stopped) the answer may be there and only wait to be read.
type pulse struct {
	beat         time.Duration
	heardAt      time.Time
	askedAt      time.Time
	silentBefore bool
}

func newPulse(lease time.Duration, now time.Time) pulse {
	return pulse{beat: lease / beats, heardAt: now}
}

// heard takes note that something came from the service.
func (p *pulse) heard(now time.Time) {
	p.heardAt, p.askedAt, p.silentBefore = now, time.Time{}, false
}

// reconnected takes note of a new stream: what was asked on the old one will not be answered.
func (p *pulse) reconnected() { p.askedAt = time.Time{} }

// judge answers what to do; to be called at every beat while something is held.
func (p *pulse) judge(now time.Time) verdict {
	silence := now.Sub(p.heardAt)
	silentBefore := p.silentBefore
	p.silentBefore = silence >= loseAfter*p.beat
	switch {
	case silentBefore && p.silentBefore:
		return lose
	case p.askedAt.IsZero() && silence < askAfter*p.beat:
		return goOn
	case p.askedAt.IsZero():
		p.askedAt = now
		return ask
	case now.Sub(p.askedAt) < giveUpAfter*p.beat:
		return goOn
	default:
		return reconnect
	}
}
