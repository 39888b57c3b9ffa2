// Command read prints the lines of images and documents, page after page as they are read.
//
//	go run ./examples/read -server localhost:50051 report.pdf
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"inkstream.dev/go/inkstream"
)

func main() {
	server := flag.String("server", "localhost:50051", "where the server is")
	pages := flag.String("pages", "", `which pages, such as "1-3,7"; all if empty`)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := readAll(ctx, *server, *pages, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readAll(ctx context.Context, server, pages string, paths []string) error {
	client, err := inkstream.Dial(server)
	if err != nil {
		return err
	}
	defer client.Close()
	var failures []error
	for _, path := range paths {
		document := client.RecognizeDocument(
			ctx, inkstream.File(path), &inkstream.DocumentOptions{Pages: pages})
		failures = append(failures, printed(path, document))
	}
	return errors.Join(failures...)
}

// printed goes on after a page that failed, and tells of it in the end.
func printed(path string, document *inkstream.Document) error {
	var failures []error
	for page, err := range document.Pages() {
		if err != nil {
			failures = append(failures, fmt.Errorf("%s, page %d: %w", path, page.GetPageNumber(), err))
			continue
		}
		fmt.Printf("--- %s, page %d\n%s\n", path, page.GetPageNumber(), inkstream.Text(page))
	}
	return errors.Join(failures...)
}
