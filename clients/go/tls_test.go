package execution

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// certificate makes a certificate for 127.0.0.1, and the roots that trust it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, roots
}

func TestATokenIsSentOverTLS(t *testing.T) {
	t.Parallel()
	own, roots := certificate(t)
	server := &scripted{start: func(int, *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		return started("x"), nil
	}}
	options := &ClientOptions{TLS: &tls.Config{RootCAs: roots}, Token: "secret"}
	client := serve(t, server, options, grpc.Creds(credentials.NewServerTLSFromCert(&own)))
	if _, err := client.Start(within(t), "x", nil); err != nil {
		t.Fatal(err)
	}
	if sent := server.metadata[0].Get("authorization"); len(sent) != 1 || sent[0] != "Bearer secret" {
		t.Errorf("%v", sent)
	}
}
