package inkstream_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"inkstream.dev/go/inkstream"
	"inkstream.dev/go/inkstream/inkstreamv1"
)

// refusing refuses the first calls as it is told, with the pushback beside the code, and answers then.
type refusing struct {
	inkstreamv1.UnimplementedOcrServiceServer
	refusals []refusal
	asked    int
}

type refusal struct {
	code     codes.Code
	pushback string
}

func (r *refusing) Recognize(ctx context.Context, _ *inkstreamv1.RecognizeRequest) (*inkstreamv1.RecognizeResponse, error) {
	r.asked++
	if r.asked > len(r.refusals) {
		return &inkstreamv1.RecognizeResponse{Page: &inkstream.Page{PageNumber: 1}}, nil
	}
	told := r.refusals[r.asked-1]
	if told.pushback != "" {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", told.pushback))
	}
	return nil, status.Error(told.code, "not now")
}

// recognized reads an image with a server that refuses so.
func recognized(t *testing.T, refusals []refusal, options ...inkstream.Option) (askedCount int, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service := &refusing{refusals: refusals}
	server := grpc.NewServer()
	inkstreamv1.RegisterOcrServiceServer(server, service)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	client, err := inkstream.Dial(listener.Addr().String(), options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	defer cancel()
	scan := inkstream.Bytes(make([]byte, 2<<20)) // more than gRPC keeps for a retry by itself
	_, err = client.Recognize(ctx, scan, nil)
	server.Stop()
	return service.asked, err
}

func TestWhichRefusalsAreTriedAgain(t *testing.T) {
	again := []refusal{{codes.Unavailable, ""}, {codes.ResourceExhausted, "20"}, {codes.Unavailable, ""}}
	for name, sent := range map[string]struct {
		refusals   []refusal
		options    []inkstream.Option
		askedCount int
		code       codes.Code
	}{
		"busy and away, four times in all": {again, nil, 4, codes.OK},
		"but not a fifth time":             {append(again, again...), nil, 4, codes.Unavailable},
		"what the server says is in vain":  {[]refusal{{codes.ResourceExhausted, "-1"}}, nil, 1, codes.ResourceExhausted},
		"what the caller has to mend":      {[]refusal{{codes.InvalidArgument, ""}}, nil, 1, codes.InvalidArgument},
		"what may be the input's doing":    {[]refusal{{codes.Internal, ""}}, nil, 1, codes.Internal},
		"nothing, where that is wanted":    {again, []inkstream.Option{inkstream.WithoutRetries()}, 1, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			askedCount, err := recognized(t, sent.refusals, sent.options...)

			if askedCount != sent.askedCount || status.Code(err) != sent.code {
				t.Errorf("asked %d times: %v", askedCount, err)
			}
		})
	}
}

func TestABusyServerIsAskedAgainWhenItSaid(t *testing.T) {
	beganAt := time.Now()

	_, err := recognized(t, []refusal{{codes.ResourceExhausted, "400"}})

	if waited := time.Since(beganAt); err != nil || waited < 400*time.Millisecond {
		t.Errorf("%v after %s", err, waited)
	}
}

func TestAServiceConfigOfOnesOwnReplacesTheShippedOne(t *testing.T) {
	askedCount, err := recognized(t, []refusal{{codes.Unavailable, ""}}, inkstream.WithServiceConfig("{}"))

	if askedCount != 1 || !errors.Is(err, inkstream.ReasonUnavailable) {
		t.Errorf("asked %d times: %v", askedCount, err)
	}
}

func TestTheShippedServiceConfigIsThatOfAllLanguages(t *testing.T) {
	shared, err := os.ReadFile("../../protos/service_config.json")
	if err != nil {
		t.Skip("the contract is not beside this module: ", err)
	}

	if string(shared) != inkstream.ServiceConfig {
		t.Error("it is another one: run `make generate`")
	}
}
