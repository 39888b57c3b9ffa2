package inkstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// WithTLS encrypts the connection. A nil config trusts the certificates that the system trusts; one
// with Certificates, or GetClientCertificate, tells the server who calls (mTLS).
func WithTLS(config *tls.Config) Option {
	return func(d *dialing) error {
		d.transport = credentials.NewTLS(config)
		return nil
	}
}

// TLSFiles names the PEM files of a connection with TLS.
type TLSFiles struct {
	// CA are the authorities that may have signed the server's certificate. Empty: the system's.
	CA string
	// Certificate and Key tell the server who calls (mTLS). Both or none are empty. They are read for
	// every connection that is made, so that renewed ones are used without a restart.
	Certificate, Key string
	// ServerName is the name in the server's certificate, where it is not the target's.
	ServerName string
}

// WithTLSFiles encrypts the connection with certificates from files. [Dial] fails where one of them
// cannot be used.
func WithTLSFiles(files TLSFiles) Option {
	return func(d *dialing) error {
		config, err := files.config()
		if err != nil {
			return err
		}
		return WithTLS(config)(d)
	}
}

func (f TLSFiles) config() (*tls.Config, error) {
	config := &tls.Config{ServerName: f.ServerName, MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("inkstream: %s holds no certificate", f.CA)
		}
	}
	if f.Certificate == "" && f.Key == "" {
		return config, nil
	}
	if _, err := f.pair(nil); err != nil {
		return nil, err
	}
	config.GetClientCertificate = f.pair
	return config, nil
}

func (f TLSFiles) pair(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	return &pair, err
}

// WithToken sends a bearer token with every call. Without TLS [Dial] refuses to; see
// [WithTokenInClear].
func WithToken(token string) Option {
	return WithTokenSource(func(context.Context) (string, error) { return token, nil })
}

// WithTokenSource sends a bearer token that is asked for at every call, from several goroutines; the
// context is the call's.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return WithDialOptions(grpc.WithPerRPCCredentials(bearer{source, true}))
}

// WithTokenInClear sends a bearer token over a connection that this client does not encrypt: to a
// server on the same machine, or through a proxy that does it.
func WithTokenInClear(token string) Option {
	source := func(context.Context) (string, error) { return token, nil }
	return WithDialOptions(grpc.WithPerRPCCredentials(bearer{source, false}))
}

type bearer struct {
	source   func(context.Context) (string, error)
	needsTLS bool
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.source(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.needsTLS }
