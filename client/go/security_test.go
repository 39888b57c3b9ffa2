package inkstream_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"inkstream.dev/go/inkstream"
	"inkstream.dev/go/inkstream/inkstreamv1"
)

const callLimit = 30 * time.Second

// caller is what a server learns of who calls.
type caller struct{ authorization, certificate string }

// asking tells who called.
type asking struct {
	inkstreamv1.UnimplementedModelServiceServer
	callers chan caller
}

func (a asking) GetServerInfo(ctx context.Context, _ *inkstreamv1.GetServerInfoRequest) (*inkstream.ServerInfo, error) {
	headers, _ := metadata.FromIncomingContext(ctx)
	who := caller{}
	if tokens := headers.Get("authorization"); len(tokens) > 0 {
		who.authorization = tokens[0]
	}
	from, _ := peer.FromContext(ctx)
	if secured, isTLS := from.AuthInfo.(credentials.TLSInfo); isTLS && len(secured.State.PeerCertificates) > 0 {
		who.certificate = secured.State.PeerCertificates[0].Subject.CommonName
	}
	a.callers <- who
	return &inkstream.ServerInfo{Version: "1.2.3"}, nil
}

// serve answers on a port of its own until the test has ended.
func serve(t *testing.T, options ...grpc.ServerOption) (target string, callers <-chan caller) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service := asking{callers: make(chan caller, 1)}
	server := grpc.NewServer(options...)
	inkstreamv1.RegisterModelServiceServer(server, service)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	return listener.Addr().String(), service.callers
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	folder      string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{folder: t.TempDir()}
	a.issue(t, "ca")
	return a
}

// issue writes a certificate and its key; the first is the authority's own.
func (a *authority) issue(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{name},
		IsCA:         a.certificate == nil,

		BasicConstraintsValid: true,
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, private
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, &private.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate == nil {
		a.certificate, _ = x509.ParseCertificate(signed)
		a.key = private
	}
	encodedKey, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return a.write(t, name+".pem", "CERTIFICATE", signed), a.write(t, name+".key", "EC PRIVATE KEY", encodedKey)
}

func (a *authority) write(t *testing.T, name, kind string, content []byte) string {
	t.Helper()
	path := filepath.Join(a.folder, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (a *authority) file() string { return filepath.Join(a.folder, "ca.pem") }

// serverCredentials ask for a certificate of the same authority.
func (a *authority) serverCredentials(t *testing.T) grpc.ServerOption {
	t.Helper()
	own, err := tls.LoadX509KeyPair(a.issue(t, "ocr.test"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own},
		ClientCAs:    pool,
		ClientAuth:   tls.VerifyClientCertIfGiven,
	}))
}

// whoCalls makes one call and tells what the server learnt.
func whoCalls(t *testing.T, target string, callers <-chan caller, options ...inkstream.Option) caller {
	t.Helper()
	client, err := inkstream.Dial(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	defer cancel()
	if _, err := client.ServerInfo(ctx); err != nil {
		t.Fatal(err)
	}
	return <-callers
}

func TestCertificatesFromFilesTellTheServerWhoCallsAlsoAfterTheyWereRenewed(t *testing.T) {
	authority := newAuthority(t)
	target, callers := serve(t, authority.serverCredentials(t))
	files := inkstream.TLSFiles{CA: authority.file(), ServerName: "ocr.test"}
	anonymous := whoCalls(t, target, callers, inkstream.WithTLSFiles(files))
	files.Certificate, files.Key = authority.issue(t, "till")
	known := inkstream.WithTLSFiles(files)

	first := whoCalls(t, target, callers, known)
	certificate, key := authority.issue(t, "renewed")
	for from, to := range map[string]string{certificate: files.Certificate, key: files.Key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	second := whoCalls(t, target, callers, known, inkstream.WithToken("secret"))

	if anonymous.certificate != "" || first.certificate != "till" {
		t.Errorf("called by %q, then by %q", anonymous.certificate, first.certificate)
	}
	if want := (caller{"Bearer secret", "renewed"}); second != want {
		t.Errorf("called by %v, not %v", second, want)
	}
}

func TestAServerOfAnotherAuthorityIsNotTalkedTo(t *testing.T) {
	target, _ := serve(t, newAuthority(t).serverCredentials(t))
	files := inkstream.TLSFiles{CA: newAuthority(t).file(), ServerName: "ocr.test"}
	client, err := inkstream.Dial(target, inkstream.WithTLSFiles(files), inkstream.WithoutRetries())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	_, err = client.ServerInfo(t.Context())

	if !errors.Is(err, inkstream.ReasonUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestATokenIsSentInClearOnlyWhereThatIsSaid(t *testing.T) {
	target, callers := serve(t)

	_, refused := inkstream.Dial(target, inkstream.WithToken("secret"))
	told := whoCalls(t, target, callers, inkstream.WithTokenInClear("secret"))

	if refused == nil {
		t.Error("a token was let through without TLS")
	}
	if told.authorization != "Bearer secret" {
		t.Errorf("called with %q", told.authorization)
	}
}

func TestATokenSourceIsAskedAtEveryCall(t *testing.T) {
	authority := newAuthority(t)
	target, callers := serve(t, authority.serverCredentials(t))
	var isSealed atomic.Bool // the health checks ask for it, too
	source := func(context.Context) (string, error) {
		if isSealed.Load() {
			return "", errors.New("the vault is sealed")
		}
		return "first", nil
	}
	client, err := inkstream.Dial(target, inkstream.WithTokenSource(source),
		inkstream.WithTLSFiles(inkstream.TLSFiles{CA: authority.file(), ServerName: "ocr.test"}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	_, first := client.ServerInfo(t.Context())
	isSealed.Store(true)
	_, second := client.ServerInfo(t.Context())

	if who := <-callers; first != nil || who.authorization != "Bearer first" {
		t.Errorf("called with %q, %v", who.authorization, first)
	}
	if second == nil {
		t.Error("a call went without its token")
	}
}

func TestFilesThatCannotBeUsedAreToldByDial(t *testing.T) {
	authority := newAuthority(t)
	for _, files := range []inkstream.TLSFiles{
		{CA: filepath.Join(authority.folder, "missing.pem")},
		{CA: filepath.Join(authority.folder, "ca.key")},
		{CA: authority.file(), Certificate: authority.file()},
	} {
		if _, err := inkstream.Dial("localhost:1", inkstream.WithTLSFiles(files)); err == nil {
			t.Errorf("%+v can be used", files)
		}
	}
}
