package inkstream_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"path/filepath"
	"time"

	"inkstream.dev/go/inkstream"
)

func ExampleClient_Recognize() {
	client, err := inkstream.Dial("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	page, err := client.Recognize(ctx, inkstream.File("scan.png"), &inkstream.Options{ReturnWordBox: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range page.GetLines() {
		fmt.Printf("%5.3f %v %s\n", line.GetScore(), line.GetBox(), line.GetText())
	}
}

func ExampleClient_RecognizeDocument() {
	client, err := inkstream.Dial("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	book := inkstream.File("book.pdf").WithPassword("open sesame")
	document := client.RecognizeDocument(context.Background(), book, &inkstream.DocumentOptions{Pages: "1-20"})
	for page, err := range document.Pages() {
		switch {
		case err != nil && page != nil: // this page alone
			log.Printf("page %d: %v", page.GetPageNumber(), err)
		case err != nil: // the document
			log.Fatal(err)
		default:
			fmt.Println(inkstream.Text(page))
		}
	}
	fmt.Println(document.End().GetOkPageCount(), "pages were read")
}

func ExampleClient_RecognizeStream() {
	client, err := inkstream.Dial("dns:///inkstream.internal:50051", inkstream.WithTLS(nil), inkstream.WithToken("secret"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for event, err := range client.RecognizeStream(context.Background(), inbox()) {
		if err != nil {
			log.Fatal(err)
		}
		if err := event.Err(); err != nil {
			log.Printf("%s: %v", event.DocumentID, err)
		} else if event.Page != nil {
			fmt.Println(event.DocumentID, event.Page.GetPageNumber(), inkstream.Text(event.Page))
		}
	}
}

// inbox gives the documents of a folder, each opened when its turn comes.
func inbox() iter.Seq[inkstream.InputDocument] {
	return func(yield func(inkstream.InputDocument) bool) {
		paths, _ := filepath.Glob("inbox/*.pdf") // fails for a bad pattern only
		for _, path := range paths {
			if !yield(inkstream.InputDocument{ID: path, Source: inkstream.File(path)}) {
				return
			}
		}
	}
}

func ExampleError() {
	client, err := inkstream.Dial("localhost:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	_, err = client.Recognize(context.Background(), inkstream.File("scan.png"), nil)
	var failure *inkstream.Error
	switch {
	case errors.Is(err, inkstream.ReasonImageDamaged):
		fmt.Println("scan it again")
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("it took too long")
	case errors.As(err, &failure) && failure.RetryDelay > 0:
		fmt.Println("busy; come back in", failure.RetryDelay)
	case errors.As(err, &failure):
		fmt.Println(failure.Reason, failure.Metadata, "the server's log has it as", failure.RequestID)
	}
}

func ExampleWithTLSFiles() {
	client, err := inkstream.Dial("inkstream.internal:50051", inkstream.WithTLSFiles(inkstream.TLSFiles{
		CA:          "ca.pem",
		Certificate: "client.pem",
		Key:         "client.key",
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
}
