package execution

import (
	"fmt"
	"math"
	"time"
)

const maxMessageBytes = 4096

// conflatedProgress is the newest progress of a job, on its way to the service. Guarded by the run's mutex.
//
// A handler may say as often as it likes how far it is. What it says replaces what it said before. It is sent when the
// one before is acknowledged, and not more often than the worker is set to; what is left in the end leaves with the
// report of the end.
type conflatedProgress struct {
	interval time.Duration
	// send sends a progress and calls back when it is acknowledged.
	send func(progress Progress, answered func(problem error))
	// later runs a function after a time, with the mutex held.
	later func(time.Duration, func())

	newest    *Progress
	underWay  bool // from when one is to be sent until it is acknowledged
	notBefore time.Time
}

// put takes what the handler says, which may go on using what its pointers point to.
func (c *conflatedProgress) put(progress Progress) {
	if progress.Percent != nil {
		progress.Percent = new(*progress.Percent)
	}
	c.newest = &progress
	if !c.underWay {
		c.underWay = true
		c.sendInTime()
	}
}

// take answers what was not sent yet, and takes it as sent.
func (c *conflatedProgress) take() *Progress {
	newest := c.newest
	c.newest = nil
	return newest
}

func (c *conflatedProgress) sendInTime() { c.later(time.Until(c.notBefore), c.sendNewest) }

func (c *conflatedProgress) sendNewest() {
	newest := c.take()
	if newest == nil {
		c.underWay = false
		return
	}
	c.notBefore = time.Now().Add(c.interval)
	c.send(*newest, c.acknowledged)
}

func (c *conflatedProgress) acknowledged(problem error) {
	c.underWay = false
	if c.newest != nil && problem == nil {
		c.underWay = true
		c.sendInTime()
	}
}

// checkProgress refuses what the service would refuse.
func checkProgress(progress Progress) error {
	check := func(name string, number, most float64) error {
		if math.IsNaN(number) || number < 0 || number > most {
			return &InvalidValue{"progress." + name, fmt.Sprintf("is %v; it has to be 0 to %.3g", number, most)}
		}
		return nil
	}
	if err := check("current", progress.Current, math.MaxFloat64); err != nil {
		return err
	}
	if err := check("total", progress.Total, math.MaxFloat64); err != nil {
		return err
	}
	if progress.Percent != nil {
		if err := check("percent", *progress.Percent, 100); err != nil {
			return err
		}
	}
	if len(progress.Message) > maxMessageBytes {
		return &InvalidValue{"progress.message", fmt.Sprintf("is longer than %d bytes", maxMessageBytes)}
	}
	return checkText(progress.Message, "progress.message")
}
