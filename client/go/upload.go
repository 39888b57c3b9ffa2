package inkstream

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

const (
	// partBytes is how much of a file goes in one message.
	partBytes = 512 << 10
	// frameBytes is more than a message has beside a file's bytes.
	frameBytes = 4 << 10
)

// upload is the sending side of a RecognizeStream call. It sends in a goroutine of its own; what goes
// wrong with files on this side is asked for by whoever reads the answers.
type upload struct {
	call      inkstreamv1.OcrService_RecognizeStreamClient
	partBytes int

	mutex      sync.Mutex
	unreadable []Event
	ended      error
}

// beginUpload opens the call and sends the documents, each when its turn comes.
func (c *Client) beginUpload(ctx context.Context, documents iter.Seq[InputDocument]) (*upload, error) {
	call, err := c.ocr.RecognizeStream(ctx)
	if err != nil {
		return nil, callError(err)
	}
	u := &upload{call: call, partBytes: max(1, min(partBytes, c.maxMessageBytes-frameBytes))}
	go u.send(documents)
	return u, nil
}

// failure is what ended the upload before its time.
func (u *upload) failure() error {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return u.ended
}

// takeUnreadable gives the ends, not told yet, of documents that could not be opened.
func (u *upload) takeUnreadable() []Event {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	taken := u.unreadable
	u.unreadable = nil
	return taken
}

func (u *upload) send(documents iter.Seq[InputDocument]) {
	for document := range documents {
		if err := u.sendDocument(document); err != nil {
			u.end(err)
			break
		}
	}
	_ = u.call.CloseSend() // what is wrong with the call is told to who receives
}

func (u *upload) end(err error) {
	if errors.Is(err, errOver) {
		return
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.ended = err
}

func (u *upload) noteUnreadable(documentID string, err error) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	event := Event{DocumentID: documentID, End: &DocumentEnd{}, unreadable: err}
	u.unreadable = append(u.unreadable, event)
}

// sendDocument sends one document. A file that cannot be opened is its failure alone.
func (u *upload) sendDocument(document InputDocument) error {
	options := document.Options.orDefault()
	header := &inkstreamv1.DocumentHeader{
		DocumentId: document.ID,
		Options:    options.Read,
		Pages:      options.selection(),
		Order:      options.Order,
	}
	if document.Source.message != nil {
		header.Source = document.Source.named()
		return u.sendHeader(header)
	}
	header.Source = &inkstreamv1.Source{Password: document.Source.password}
	file, part, err := u.openedFile(document.Source)
	if err != nil {
		u.noteUnreadable(document.ID, err)
		return nil
	}
	defer file.Close()
	if err := u.sendHeader(header); err != nil {
		return err
	}
	return u.sendParts(document.ID, file, part)
}

// openedFile comes with its first part: some files can be opened, and not be read.
func (u *upload) openedFile(source Source) (io.ReadCloser, part, error) {
	file, err := source.file()
	if err != nil {
		return nil, part{}, err
	}
	first, err := u.read(file)
	if err != nil {
		return nil, part{}, errors.Join(err, file.Close())
	}
	return file, first, nil
}

// part is the next bytes of a file.
type part struct {
	data   []byte
	isLast bool
}

// read makes a new slice each time: gRPC may look at a message after it was sent.
func (u *upload) read(file io.Reader) (part, error) {
	data := make([]byte, u.partBytes)
	count, err := io.ReadFull(file, data)
	isLast := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !isLast {
		return part{}, err
	}
	return part{data[:count], isLast}, nil
}

func (u *upload) sendHeader(header *inkstreamv1.DocumentHeader) error {
	return u.sendMessage(&inkstreamv1.RecognizeStreamRequest{
		Event: &inkstreamv1.RecognizeStreamRequest_Header{Header: header},
	})
}

func (u *upload) sendParts(id string, file io.Reader, next part) error {
	for {
		chunk := &inkstreamv1.DocumentChunk{DocumentId: id, Data: next.data, Last: next.isLast}
		err := u.sendMessage(&inkstreamv1.RecognizeStreamRequest{
			Event: &inkstreamv1.RecognizeStreamRequest_Chunk{Chunk: chunk},
		})
		if err != nil || next.isLast {
			return err
		}
		if next, err = u.read(file); err != nil {
			return err
		}
	}
}

// errOver is that the call is over: who receives is told why.
var errOver = errors.New("inkstream: the call is over")

func (u *upload) sendMessage(message *inkstreamv1.RecognizeStreamRequest) error {
	err := u.call.Send(message)
	if errors.Is(err, io.EOF) {
		return errOver
	}
	if err != nil {
		return callError(err)
	}
	return nil
}
