package wiretest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"inkstream.dev/go/inkstream"
)

const (
	startLimit = 180 * time.Second
	stopLimit  = 60 * time.Second
	callLimit  = 120 * time.Second
	lookAgain  = 20 * time.Millisecond
)

var listening = regexp.MustCompile(`listening: gRPC on port (\d+), HTTP on port (\d+)`)

// server is `inkstream serve` with the fake engine, a process of its own.
type server struct {
	target  string
	command *exec.Cmd
	log     *logBuffer
	ended   chan struct{}
}

// shared is a server for tests that leave it as it was. Its limits are small enough to pass.
var shared = sync.OnceValues(func() (_ *server, err error) {
	sharing, err = start(append([]string{
		"--set=limits.max_image_pixels=2000000", "--set=limits.max_page_pixels=2400000",
		"--set=limits.max_document_pages=400", "--set=limits.max_lines=4",
		"--set=limits.max_document_bytes=8388608", "--set=server.max_message_bytes=4194304",
	}, withoutModels...)...)
	return sharing, err
})

// sharing is the shared server, where a test has asked for it.
var sharing *server

func TestMain(m *testing.M) {
	if _, err := os.Stat(executable()); err != nil {
		fmt.Printf("SKIPPED: no server at %s; `make test-go` makes one, INKSTREAM names another\n", executable())
		if os.Getenv("INKSTREAM") != "" {
			os.Exit(1)
		}
		return
	}
	status := m.Run()
	if sharing != nil {
		if err := sharing.stop(); err != nil {
			fmt.Println(err)
			status = 1
		}
	}
	os.Exit(status)
}

// executable is what INKSTREAM names, or what the repository's own environment has.
func executable() string {
	if named := os.Getenv("INKSTREAM"); named != "" {
		return named
	}
	path, _ := filepath.Abs("../../../../.venv/bin/inkstream")
	return path
}

// withoutModels has the engine that answers from the pixels alone. Its page classifier is for its own
// tests.
var withoutModels = []string{"--engine", "fake", "--set=models.doc_orientation=null"}

// start runs a server on free ports, until it serves.
func start(flags ...string) (*server, error) {
	s, err := launch(flags...)
	if err != nil {
		return nil, err
	}
	return s, s.untilServing()
}

// launch starts a server's process.
func launch(flags ...string) (*server, error) {
	arguments := append([]string{
		"serve", "--host", "127.0.0.1", "--port", "0", "--http-port", "0",
		"--cpu-workers", "1", "--model-workers", "1",
	}, flags...)
	s := &server{command: exec.Command(executable(), arguments...), log: &logBuffer{}, ended: make(chan struct{})}
	s.command.Stderr = s.log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.command.Wait() // how it ended is in ProcessState
		close(s.ended)
	}()
	return s, nil
}

func (s *server) untilServing() error {
	giveUp := time.After(startLimit)
	for !strings.Contains(s.log.String(), "serving, ") {
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended:\n%s", s.log)
		case <-giveUp:
			_ = s.command.Process.Kill()
			return fmt.Errorf("the server does not serve:\n%s", s.log)
		case <-time.After(lookAgain):
		}
	}
	s.target = "127.0.0.1:" + listening.FindStringSubmatch(s.log.String())[1]
	return nil
}

// stop asks the server to end, as a service manager does. It has to end well.
func (s *server) stop() error {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopLimit):
		_ = s.command.Process.Kill()
		<-s.ended
	}
	if !s.command.ProcessState.Success() || strings.Contains(s.log.String(), "Traceback") {
		return fmt.Errorf("the server ended with %s:\n%s", s.command.ProcessState, s.log)
	}
	return nil
}

// serverFor starts a server that only this test has.
func serverFor(t *testing.T, flags ...string) *server {
	t.Helper()
	return serverWith(t, append(flags, withoutModels...)...)
}

// serverWith starts one as its flags have it, with models where they name no other engine.
func serverWith(t *testing.T, flags ...string) *server {
	t.Helper()
	s, err := start(flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventuallyLogs waits for what happens in the server.
func (s *server) eventuallyLogs(t *testing.T, text string) {
	t.Helper()
	for giveUp := time.Now().Add(callLimit); !strings.Contains(s.log.String(), text); {
		if time.Now().After(giveUp) {
			t.Fatalf("the server never told %q:\n%s", text, s.log)
		}
		time.Sleep(lookAgain)
	}
}

// sharedClient is a client of the shared server.
func sharedClient(t *testing.T, options ...inkstream.Option) *inkstream.Client {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, s.target, options...)
}

func clientOf(t *testing.T, target string, options ...inkstream.Option) *inkstream.Client {
	t.Helper()
	client, err := inkstream.Dial(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func callContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	t.Cleanup(cancel)
	return ctx
}

// logBuffer is what a process has told so far.
type logBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (b *logBuffer) Write(told []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(told)
}

func (b *logBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}
