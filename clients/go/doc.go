// Package execution is the Go client of the execution service, which keeps the state of units of work: who may do what
// next, how far it is, what it left behind, what went wrong.
//
// A [Client] has a method for each verb of the service. What a verb needs are its parameters; what it may be told
// besides is in a trailing struct of options, for which nil is as good as an empty one. The deadline of a call is that of
// its context, or [ClientOptions.Deadline] where the context has none; ending the context ends the call. A call that
// changes something carries a request id, so that its automatic repeats have their effect once.
//
// Every verb may answer an error that is a [*Problem], by [errors.As]: the service has refused the call, or there is no
// answer. Its documentation names those kinds that a program may want to tell apart. An [*InvalidValue] means that
// an argument cannot be sent, and nothing was.
//
// A [Worker] does executions as they become ready: it gives each to the handler of its type.
package execution
