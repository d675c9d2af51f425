package execution

import (
	"cmp"
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// serviceConfig repeats UNAVAILABLE, over about five seconds and within the deadline of the call. Every call may be
// repeated, except a claim: those that change something carry a request id.
//
// CANCELLED is repeated too: with it, a server that stops ends the calls that have arrived but were not taken up yet. A
// call that is cancelled on this side is not repeated.
//
//go:embed service_config.json
var serviceConfig string

// maxRetryBytes is what a call may send and still be repeated: as much as the server takes. The default is a quarter of
// what a payload may have.
const maxRetryBytes = 4 << 20

// thisMachine matches targets that never leave this machine. Others may not either, but here it is better to know too few
// than too many.
var thisMachine = regexp.MustCompile(
	`^(unix(-abstract)?:.+` +
		`|((dns|passthrough):(///)?)?(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?)$`)

// noTarget matches what people write who take the target for a URL; gRPC would look for a host of that name.
var noTarget = regexp.MustCompile(`^($|(https?|grpcs?)://)`)

var (
	headerName = regexp.MustCompile(`^[0-9a-z_.-]+$`)
	headerText = regexp.MustCompile(`^[ -~]*$`)
	// takenName matches what the client, gRPC and HTTP say themselves, and names whose values are no text.
	takenName = regexp.MustCompile(`^(authorization|connection|content-length|content-type|host|keep-alive|proxy-connection` +
		`|te|transfer-encoding|upgrade|user-agent|grpc-.*|.*-bin)$`)
)

// ClientOptions are what a client may be told beside its target.
type ClientOptions struct {
	// TLS says how to encrypt; nil sends plain text.
	TLS *tls.Config
	// Token is a bearer token to send with every call. Without TLS, to this machine only.
	Token string
	// Metadata answers what else to send with a call, by name, such as the trace that its context is in. It is asked for
	// every try and every stream, from several goroutines. A name with capitals or that is gRPC's, HTTP's or the client's
	// own ("authorization" is the token's), or a value that is not printable ASCII fails the call.
	Metadata func(ctx context.Context) map[string]string
	// Deadline is how long a call may take, its repeats included, if its context has no deadline. 0 is 10 s.
	Deadline time.Duration
	// WatchSilence is how long a watch hears nothing until it takes its stream for lost. 0 is 30 s; the server sends
	// something every 10 s.
	WatchSilence time.Duration
}

type settings struct {
	ClientOptions
	target string
}

func newSettings(target string, options ClientOptions) (settings, error) {
	s := settings{options, target}
	if noTarget.MatchString(target) {
		return s, fmt.Errorf("the target is %q; it has to be host:port, without a scheme", target)
	}
	if !headerText.MatchString(s.Token) {
		return s, errors.New("the token has other characters than printable ASCII, such as a line break")
	}
	if s.Deadline < 0 || s.WatchSilence < 0 {
		return s, errors.New("Deadline and WatchSilence must not be negative")
	}
	if s.Token != "" && s.TLS == nil && !s.onThisMachine() {
		return s, fmt.Errorf("a token would be readable on the way to %s: give TLS too", target)
	}
	s.Deadline = cmp.Or(s.Deadline, 10*time.Second)
	s.WatchSilence = cmp.Or(s.WatchSilence, 30*time.Second)
	return s, nil
}

func (s settings) onThisMachine() bool { return thisMachine.MatchString(s.target) }

func (s settings) dialOptions() []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(s.transportCredentials()),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithDefaultCallOptions(grpc.MaxRetryRPCBufferSize(maxRetryBytes)),
		grpc.WithUserAgent("execution-client-go"),
		// A dead connection is noticed after 25 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 5 * time.Second}),
		// The default waits for up to two minutes before it tries a server again.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second,
			},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if s.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{s.Token, s.TLS != nil}))
	}
	if s.Metadata != nil {
		options = append(options, grpc.WithPerRPCCredentials(headers(s.Metadata)))
	}
	if s.onThisMachine() {
		// A proxy, which gRPC takes from the environment, would be another machine.
		options = append(options, grpc.WithNoProxy())
	}
	return options
}

func (s settings) transportCredentials() credentials.TransportCredentials {
	if s.TLS == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(s.TLS)
}

// bearer sends a token with every call.
type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }

// headers sends with every call what it answers.
type headers func(ctx context.Context) map[string]string

// GetRequestMetadata fails, and the call with it, where gRPC would send what no server takes.
func (h headers) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	answered := h(ctx)
	for name, value := range answered {
		if !headerName.MatchString(name) || takenName.MatchString(name) || !headerText.MatchString(value) {
			return nil, fmt.Errorf("metadata: %q is no header that can be sent, with printable ASCII, beside the client's", name)
		}
	}
	return answered, nil
}

func (headers) RequireTransportSecurity() bool { return false }
