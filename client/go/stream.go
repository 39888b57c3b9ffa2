package inkstream

import (
	"context"
	"errors"
	"io"
	"iter"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// InputDocument is a document for [Client.RecognizeStream].
type InputDocument struct {
	// ID marks the document's answers. Not empty, at most 1,024 characters, and used once a call.
	ID string
	// Source is what is read. A file is read, and sent, in parts.
	Source Source
	// Options say which pages are read, and how. Nil: all, with the server's defaults.
	Options *DocumentOptions
}

// Event is one step of one document of a stream: its start, one of its pages, or its end.
type Event struct {
	// DocumentID is that of the document that it is about.
	DocumentID string
	// Start is set in the first event of a document that can be read.
	Start *DocumentStart
	// Page is set in the event of a page.
	Page *Page
	// End is set in the last event of every document.
	End *DocumentEnd

	unreadable error
}

// Err is why the event's page or document failed; nil where neither did.
func (e Event) Err() error {
	switch {
	case e.unreadable != nil:
		return e.unreadable
	case e.End != nil:
		return partError(e.End.GetError())
	}
	return PageError(e.Page)
}

// RecognizeStream reads many documents on one call and gives their events as they come. The documents
// are taken in another goroutine, and their files read, as the server asks for more; it is asked for
// by iterating. A document that fails ends alone, with an event whose Err tells why; a failure beside
// an event is the call's, and the last. Leaving the loop cancels what is not read yet.
func (c *Client) RecognizeStream(ctx context.Context, documents iter.Seq[InputDocument]) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		upload, err := c.beginUpload(ctx, documents)
		if err != nil {
			yield(Event{}, err)
			return
		}
		if err := upload.followed(yield); err != nil {
			yield(Event{}, err)
		}
	}
}

// followed gives the events until the loop is left or the answers end; it tells what ended them.
func (u *upload) followed(yield func(Event, error) bool) error {
	for {
		told, err := u.call.Recv()
		for _, event := range u.takeUnreadable() {
			if !yield(event, nil) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return u.failure()
		}
		if err != nil {
			return callError(err)
		}
		if !yield(eventOf(told), nil) {
			return nil
		}
	}
}

func eventOf(told *inkstreamv1.RecognizeStreamResponse) Event {
	return Event{
		DocumentID: told.GetDocumentId(),
		Start:      told.GetStart(),
		Page:       told.GetPage(),
		End:        told.GetEnd(),
	}
}
