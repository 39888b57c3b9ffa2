package inkstream

import (
	"bytes"
	"image"
	"image/draw"
	"io"
	"os"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// Source is what is read: an encoded file, a URL, or decoded pixels. Made by [Bytes], [File], [Reader],
// [URI] or [Pixels]. The kinds of files are told from their bytes: JPEG, PNG, BMP, WebP, TIFF, PDF, GIF,
// JPEG 2000 and AVIF.
type Source struct {
	open     func() (io.ReadCloser, error) // of an encoded file; nil: of an empty one
	message  func() *inkstreamv1.Source    // of anything else; nil: it is a file
	password string
}

// Bytes is an encoded file in memory. They must not change before the call has ended.
func Bytes(content []byte) Source {
	return Source{open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// File is an encoded file on disk. It is opened by the call.
func File(path string) Source {
	return Source{open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// Reader is an encoded file as it comes, to its end; such a source is for one call. It is read from
// until the call has ended, and, where that is cut short, for at most one Read more.
func Reader(content io.Reader) Source {
	return Source{open: func() (io.ReadCloser, error) { return io.NopCloser(content), nil }}
}

// URI is an http(s) URL that the server fetches, if it allows that host.
func URI(uri string) Source {
	return Source{message: func() *inkstreamv1.Source {
		return &inkstreamv1.Source{Kind: &inkstreamv1.Source_Uri{Uri: uri}}
	}}
}

// Pixels is a decoded image. One that is encoded already is better sent as it is: it is smaller.
func Pixels(img image.Image) Source {
	return Source{message: func() *inkstreamv1.Source {
		return &inkstreamv1.Source{Kind: &inkstreamv1.Source_Raw{Raw: rawImage(img)}}
	}}
}

// WithPassword is the same source with the password of an encrypted PDF.
func (s Source) WithPassword(password string) Source {
	s.password = password
	return s
}

// whole is the source in one message. It reads no more than limitBytes, and fails with
// ReasonMessageTooLarge where there is more.
func (s Source) whole(limitBytes int) (*inkstreamv1.Source, error) {
	if s.message != nil {
		return s.named(), nil
	}
	file, err := s.file()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := readAtMost(file, limitBytes)
	if err != nil {
		return nil, err
	}
	if len(content) > limitBytes {
		return nil, tooLarge(len(content), limitBytes)
	}
	return s.holding(content), nil
}

func (s Source) file() (io.ReadCloser, error) {
	if s.open == nil {
		return Bytes(nil).open()
	}
	return s.open()
}

// named is what is no file.
func (s Source) named() *inkstreamv1.Source {
	source := s.message()
	source.Password = s.password
	return source
}

func (s Source) holding(content []byte) *inkstreamv1.Source {
	return &inkstreamv1.Source{
		Kind:     &inkstreamv1.Source_Content{Content: content},
		Password: s.password,
	}
}

// readAtMost reads to the end, or one byte past the limit.
func readAtMost(file io.Reader, limitBytes int) ([]byte, error) {
	return io.ReadAll(io.LimitReader(file, int64(limitBytes)+1))
}

// rawImage has an image's samples as the contract wants them: grey, BGR or BGRA, without padding.
func rawImage(img image.Image) *inkstreamv1.RawImage {
	size := img.Bounds().Size()
	raw := &inkstreamv1.RawImage{Width: int32(size.X), Height: int32(size.Y)}
	if _, isGrey := img.(*image.Gray); isGrey {
		grey := image.NewGray(image.Rect(0, 0, size.X, size.Y))
		draw.Draw(grey, grey.Rect, img, img.Bounds().Min, draw.Src)
		raw.Channels, raw.Data = 1, grey.Pix
		return raw
	}
	colour := image.NewNRGBA(image.Rect(0, 0, size.X, size.Y))
	draw.Draw(colour, colour.Rect, img, img.Bounds().Min, draw.Src)
	raw.Channels = 4
	if colour.Opaque() {
		raw.Channels = 3
	}
	raw.Data = blueFirst(colour.Pix, int(raw.Channels))
	return raw
}

// blueFirst takes the first channels of every RGBA sample, in the order B, G, R, A.
func blueFirst(pix []byte, channels int) []byte {
	ordered := make([]byte, 0, len(pix)/4*channels)
	for at := 0; at < len(pix); at += 4 {
		sample := [4]byte{pix[at+2], pix[at+1], pix[at], pix[at+3]}
		ordered = append(ordered, sample[:channels]...)
	}
	return ordered
}
