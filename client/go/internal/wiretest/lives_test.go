package wiretest

import (
	"context"
	"errors"
	"iter"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/stats"

	"inkstream.dev/go/inkstream"
)

// attempts counts how often gRPC sends.
type attempts struct{ count atomic.Int32 }

func (a *attempts) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (a *attempts) HandleRPC(_ context.Context, event stats.RPCStats) {
	if _, isHeader := event.(*stats.OutHeader); isHeader {
		a.count.Add(1)
	}
}
func (a *attempts) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (a *attempts) HandleConn(context.Context, stats.ConnStats)                       {}

func (a *attempts) option() inkstream.Option {
	return inkstream.WithDialOptions(grpc.WithStatsHandler(a))
}

// freePort is one that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func TestNobodyThereIsToldSoon(t *testing.T) {
	client := clientOf(t, "127.0.0.1:"+freePort(t))
	beganAt := time.Now()

	_, err := client.ServerInfo(callContext(t))

	if !errors.Is(err, inkstream.ReasonUnavailable) || time.Since(beganAt) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(beganAt))
	}
}

func TestAClientThatWaitsIsAnsweredByAServerThatStartsLate(t *testing.T) {
	port := freePort(t)
	client := clientOf(t, "127.0.0.1:"+port, inkstream.WithWaitForReady())
	answered := make(chan error)
	ctx, cancel := context.WithTimeout(t.Context(), startLimit+callLimit)
	defer cancel()
	go func() {
		_, err := client.Recognize(ctx, inkstream.Pixels(picture(480, 120)), nil)
		answered <- err
	}()
	time.Sleep(200 * time.Millisecond) // so that it finds nobody first

	serverFor(t, "--port", port)

	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestADeadlineThatPassesIsTheContextsOwnError(t *testing.T) {
	client := sharedClient(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()

	_, err := client.Recognize(ctx, inkstream.Pixels(picture(480, 120)), nil)

	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, inkstream.ReasonDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestADeadlineThatCannotBeMetIsRefusedAtOnceAndNotTriedAgain(t *testing.T) {
	sent := &attempts{}
	client := sharedClient(t, sent.option())
	if _, err := client.Recognize(callContext(t), inkstream.Pixels(picture(480, 120)), nil); err != nil {
		t.Fatal(err)
	}
	before := sent.count.Load()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()

	var failures []error
	for _, err := range client.RecognizeDocument(ctx, inkstream.Bytes(pdf(400, 0)), nil).Pages() {
		failures = append(failures, err)
	}

	if len(failures) != 1 || !errors.Is(failures[0], inkstream.ReasonDeadlineTooShort) {
		t.Fatalf("it failed with %v", failures)
	}
	if count := sent.count.Load() - before; count != 1 {
		t.Errorf("it was sent %d times", count)
	}
}

func TestLeavingTheLoopCancelsTheCall(t *testing.T) {
	client := sharedClient(t)
	ctx := inkstream.WithRequestID(t.Context(), "left-early")

	for _, err := range client.RecognizeDocument(ctx, inkstream.Bytes(pdf(400, 0)), nil).Pages() {
		if err != nil {
			t.Fatal(err)
		}
		break
	}

	server, _ := shared()
	server.eventuallyLogs(t, "method=RecognizeDocument request=left-early reason=CANCELLED")
}

func TestCancellingTheContextEndsTheLoop(t *testing.T) {
	client := sharedClient(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	var last error
	pageCount := 0
	for page, err := range client.RecognizeDocument(ctx, inkstream.Bytes(pdf(400, 0)), nil).Pages() {
		if page != nil {
			pageCount++
		}
		last = err
		cancel()
	}

	if !errors.Is(last, context.Canceled) || pageCount == 0 || pageCount == 400 {
		t.Errorf("after %d pages: %v", pageCount, last)
	}
}

func TestAFullServerSaysWhenToComeBackAndIsTriedAgainThen(t *testing.T) {
	full := serverFor(t, "--set=server.max_documents=1")
	once := clientOf(t, full.target, inkstream.WithoutRetries())
	sent := &attempts{}
	again := clientOf(t, full.target, sent.option())
	image := inkstream.Bytes(encoded(t, picture(480, 120)))
	next, leave := iter.Pull2(once.RecognizeDocument(t.Context(), inkstream.Bytes(pdf(60, 0)), nil).Pages())
	defer leave()
	if _, err, _ := next(); err != nil { // from now on it has the only place
		t.Fatal(err)
	}

	_, err := once.Recognize(t.Context(), image, nil)
	refused := refusal(t, err)
	beganAt := time.Now()
	_, err = again.Recognize(t.Context(), image, nil)

	if refused.Reason != inkstream.ReasonQueueFull || refused.RetryDelay <= 0 || refused.Metadata["max_documents"] != "1" {
		t.Errorf("refused with %+v", refused)
	}
	t.Logf("told to wait %s; answered after %s, sent %d times", refused.RetryDelay, time.Since(beganAt), sent.count.Load())
	if err != nil || sent.count.Load() < 2 {
		t.Errorf("%v, sent %d times", err, sent.count.Load())
	}
}

func TestNoCallFailsWhileOneOfTwoServersIsStopped(t *testing.T) {
	going, staying := serverFor(t), serverFor(t)
	servers := manual.NewBuilderWithScheme("inkstreamtest")
	servers.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: going.target}, {Addr: staying.target}}})
	client := clientOf(t, servers.Scheme()+":///", inkstream.WithDialOptions(grpc.WithResolvers(servers)))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var callers sync.WaitGroup
	var answered, failed atomic.Int32
	for range 8 {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for ctx.Err() == nil {
				if _, err := client.Recognize(t.Context(), inkstream.Pixels(picture(480, 120)), nil); err != nil {
					failed.Add(1)
					t.Error(err)
				}
				answered.Add(1)
			}
		}()
	}
	until := func(count int32) {
		for giveUp := time.Now().Add(callLimit); answered.Load() < count && time.Now().Before(giveUp); {
			time.Sleep(lookAgain)
		}
	}
	until(50)

	if err := going.stop(); err != nil {
		t.Error(err)
	}
	until(answered.Load() + 50)
	cancel()
	callers.Wait()

	t.Logf("%d calls, %d failed", answered.Load(), failed.Load())
	if answered.Load() < 100 {
		t.Errorf("only %d calls were answered", answered.Load())
	}
}
