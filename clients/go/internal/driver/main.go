// The driver performs the scenario that every client is held to with the public interface of this one; see
// tests/clients/scenario.md. It reads commands from stdin, a JSON object a line, and answers each on stdout.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	execution "github.com/croco-dev/execution/clients/go"
)

func main() {
	target := flag.String("target", "127.0.0.1:50051", "the service")
	token := flag.String("token", "", "a bearer token")
	ca := flag.String("ca", "", "a file with the only roots to trust; TLS is used then")
	flag.Parse()
	if err := drive(*target, *token, *ca); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func drive(target, token, ca string) error {
	options := &execution.ClientOptions{Token: token}
	if ca != "" {
		roots, err := os.ReadFile(ca)
		if err != nil {
			return err
		}
		options.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
		if !options.TLS.RootCAs.AppendCertsFromPEM(roots) {
			return errors.New("there is no certificate in " + ca)
		}
	}
	client, err := execution.NewClient(target, options)
	if err != nil {
		return err
	}
	defer client.Close()
	return newDriver(client).run(os.Stdin, os.Stdout)
}

// command is one line of stdin.
type command struct {
	N    int64     `json:"n"`
	Do   string    `json:"do"`
	With arguments `json:"with"`
}

// reply is one line of stdout.
type reply struct {
	N       int64
	OK      any
	Problem any
}

func (r reply) MarshalJSON() ([]byte, error) {
	if r.Problem != nil {
		return json.Marshal(object{"n": r.N, "problem": r.Problem})
	}
	return json.Marshal(object{"n": r.N, "ok": r.OK})
}

type driver struct {
	client  *execution.Client
	watches map[string]*watch
	begun   map[string]*begun
	workers map[string]*worker
}

func newDriver(client *execution.Client) *driver {
	return &driver{client, make(map[string]*watch), make(map[string]*begun), make(map[string]*worker)}
}

func (d *driver) run(commands io.Reader, answers io.Writer) error {
	lines := bufio.NewReader(commands)
	encoder := json.NewEncoder(answers)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		command, err := parse(line)
		if err != nil {
			return err
		}
		answer, err := d.do(context.Background(), command.Do, command.With)
		if err := encoder.Encode(reply{command.N, answer, problemOf(err)}); err != nil {
			return err
		}
	}
}

// do performs one command.
func (d *driver) do(ctx context.Context, name string, with arguments) (any, error) {
	if verb := verbs[name]; verb != nil {
		if with.has("deadline_ms") {
			limited, cancel := context.WithTimeout(ctx, with.span("deadline_ms"))
			defer cancel()
			ctx = limited
		}
		return verb(ctx, d.client, with)
	}
	if control := controls[name]; control != nil {
		return control(d, with)
	}
	return nil, fmt.Errorf("the driver does not know %q", name)
}
