package inkstream

import (
	"context"
	_ "embed"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // the service config asks for health checks
	"google.golang.org/grpc/metadata"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// DefaultMaxMessageBytes bounds a request and an answer; it is the server's default, too.
const DefaultMaxMessageBytes = 64 << 20

// ServiceConfig is what the clients of all languages share: which calls are tried again, how long they
// may take without a deadline of their own, and that servers are used in turn while they are well.
//
//go:embed service_config.json
var ServiceConfig string

const requestIDKey = "x-request-id"

// Option says how a [Client] reaches its server.
type Option func(*dialing) error

// WithMaxMessageBytes bounds requests and answers. A document that is larger is sent in parts.
// The server has a limit of its own ([ServerInfo]).
func WithMaxMessageBytes(limit int) Option {
	return func(d *dialing) error {
		d.maxMessageBytes = limit
		return nil
	}
}

// WithWaitForReady has calls wait for a server that is well, for as long as their contexts let them,
// where otherwise they fail with [ReasonUnavailable] after a second or two.
func WithWaitForReady() Option {
	return withCallOptions(grpc.WaitForReady(true))
}

// WithoutRetries has every call be sent once.
func WithoutRetries() Option {
	return WithDialOptions(grpc.WithDisableRetry())
}

// WithServiceConfig replaces [ServiceConfig] with another one, as JSON.
func WithServiceConfig(json string) Option {
	return WithDialOptions(grpc.WithDefaultServiceConfig(json))
}

// WithDialOptions hands options on to gRPC: interceptors, statistics, keep-alive. They are applied
// last, so that they may replace the client's own.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(d *dialing) error {
		d.own = append(d.own, options...)
		return nil
	}
}

func withCallOptions(options ...grpc.CallOption) Option {
	return WithDialOptions(grpc.WithDefaultCallOptions(options...))
}

// WithRequestID names the calls of a context: the server logs them under this id, and tells it in
// [Error.RequestID]. At most 128 letters, digits and ._:-; another id is replaced by the server's own.
func WithRequestID(ctx context.Context, id string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, requestIDKey, id)
}

// Dial makes a client of the server at target, such as "localhost:50051" or "dns:///ocr.internal:443";
// of several addresses all are used. Nothing is connected before the first call, so that a server may
// start later than its clients. Without an option for TLS nothing is encrypted.
func Dial(target string, options ...Option) (*Client, error) {
	dialing := dialing{transport: insecure.NewCredentials(), maxMessageBytes: DefaultMaxMessageBytes}
	for _, option := range options {
		if err := option(&dialing); err != nil {
			return nil, err
		}
	}
	conn, err := grpc.NewClient(target, dialing.options()...)
	if err != nil {
		return nil, err
	}
	return &Client{
		conn:            conn,
		ocr:             inkstreamv1.NewOcrServiceClient(conn),
		models:          inkstreamv1.NewModelServiceClient(conn),
		maxMessageBytes: dialing.maxMessageBytes,
	}, nil
}

// dialing is what the options have said.
type dialing struct {
	transport       credentials.TransportCredentials
	maxMessageBytes int
	own             []grpc.DialOption
}

func (d *dialing) options() []grpc.DialOption {
	return append([]grpc.DialOption{
		grpc.WithTransportCredentials(d.transport),
		grpc.WithDefaultServiceConfig(ServiceConfig),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallSendMsgSize(d.maxMessageBytes),
			grpc.MaxCallRecvMsgSize(d.maxMessageBytes),
			// A call is only tried again while its request fits this buffer, and gRPC's own, 256 KiB,
			// is smaller than most scans.
			grpc.MaxRetryRPCBufferSize(d.maxMessageBytes),
		),
	}, d.own...)
}
