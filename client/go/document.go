package inkstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// ErrReadTwice is that a document's pages were iterated a second time: they come once.
var ErrReadTwice = errors.New("inkstream: a document's pages come once; keep what is needed twice")

// Document is one document that is being read. It is for one goroutine.
type Document struct {
	ctx     context.Context
	client  *Client
	source  Source
	options *DocumentOptions
	start   *DocumentStart
	end     *DocumentEnd
	isRead  bool
}

// Start tells what the document is; nil before the first page has come.
func (d *Document) Start() *DocumentStart { return d.start }

// End tells the totals; nil before the last page has come, and where the document failed.
func (d *Document) End() *DocumentEnd { return d.end }

// Pages gives the pages as they come. A page that failed comes with its failure, and others follow. A
// failure without a page is the document's, and the last. Leaving the loop, and the end of the
// context, take what is not read yet out of the server's queues.
func (d *Document) Pages() iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		if d.isRead {
			yield(nil, ErrReadTwice)
			return
		}
		d.isRead = true
		ctx, cancel := context.WithCancel(d.ctx)
		defer cancel()
		answers, err := d.ask(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		d.follow(answers, yield)
	}
}

// answer is one step of a document's answer, of a call of its own or of a stream.
type answer interface {
	GetStart() *inkstreamv1.DocumentStart
	GetPage() *inkstreamv1.Page
	GetEnd() *inkstreamv1.DocumentEnd
}

// answers gives one step after the other, then io.EOF.
type answers func() (answer, error)

func (d *Document) follow(next answers, yield func(*Page, error) bool) {
	for {
		answer, err := next()
		if err == nil {
			err = d.note(answer)
		}
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			yield(nil, err)
			return
		}
		if page := answer.GetPage(); page != nil && !yield(page, PageError(page)) {
			return
		}
	}
}

// note keeps what is told of the document as a whole; its failure, where it was read in a stream.
func (d *Document) note(answer answer) error {
	if start := answer.GetStart(); start != nil {
		d.start = start
	}
	if end := answer.GetEnd(); end != nil {
		if end.GetError() != nil {
			return partError(end.GetError())
		}
		d.end = end
	}
	return nil
}

// ask sends the document, in one message where it fits.
func (d *Document) ask(ctx context.Context) (answers, error) {
	if d.source.message != nil {
		return d.askWhole(ctx, d.source.named())
	}
	file, err := d.source.file()
	if err != nil {
		return nil, err
	}
	limitBytes := max(0, d.client.maxMessageBytes-frameBytes)
	content, err := readAtMost(file, limitBytes)
	if err == nil && len(content) > limitBytes {
		return d.askInParts(ctx, rejoined(content, file))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return d.askWhole(ctx, d.source.holding(content))
}

func (d *Document) askWhole(ctx context.Context, source *inkstreamv1.Source) (answers, error) {
	request := &inkstreamv1.RecognizeDocumentRequest{
		Source:  source,
		Options: d.options.Read,
		Pages:   d.options.selection(),
		Order:   d.options.Order,
	}
	if err := d.client.checkSize(request); err != nil {
		return nil, err
	}
	call, err := d.client.ocr.RecognizeDocument(ctx, request)
	if err != nil {
		return nil, callError(err)
	}
	return received(call), nil
}

// askInParts sends the document as the only one of a stream. It closes the file.
func (d *Document) askInParts(ctx context.Context, file io.ReadCloser) (answers, error) {
	source := Source{
		open:     func() (io.ReadCloser, error) { return file, nil },
		password: d.source.password,
	}
	document := InputDocument{ID: "document", Source: source, Options: d.options}
	upload, err := d.client.beginUpload(ctx, slices.Values([]InputDocument{document}))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	next := received(upload.call)
	return func() (answer, error) {
		told, err := next()
		if failure := upload.failure(); failure != nil { // what the server says is only its echo
			return nil, failure
		}
		return told, err
	}, nil
}

// received gives the answers of a call.
func received[A any, P interface {
	*A
	answer
}](call interface{ Recv() (P, error) }) answers {
	return func() (answer, error) {
		told, err := call.Recv()
		if err != nil {
			return nil, streamError(err)
		}
		return told, nil
	}
}

// streamError leaves io.EOF as it is: the end of the answers.
func streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return callError(err)
}

// rejoined is a file of which the head has been read.
func rejoined(head []byte, file io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), file), file}
}
