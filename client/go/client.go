package inkstream

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// Client reads images and documents with an Inkstream server. It is safe for concurrent use. Its
// failures are of type [*Error], but for those of files, which are what os and io say.
type Client struct {
	conn            *grpc.ClientConn
	ocr             inkstreamv1.OcrServiceClient
	models          inkstreamv1.ModelServiceClient
	maxMessageBytes int
}

// Close ends the connections, and every call that still uses them.
func (c *Client) Close() error { return c.conn.Close() }

// Conn is the client's connection, for stubs of its own: those of inkstreamv1, or of health checks.
func (c *Client) Conn() *grpc.ClientConn { return c.conn }

// Recognize reads one image; of a document of many pages, the first. Nil options are the server's
// defaults.
func (c *Client) Recognize(ctx context.Context, image Source, options *Options) (*Page, error) {
	source, err := image.whole(c.maxMessageBytes)
	if err != nil {
		return nil, err
	}
	request := &inkstreamv1.RecognizeRequest{Source: source, Options: options}
	response, err := unary(ctx, c, c.ocr.Recognize, request)
	return response.GetPage(), err
}

// RecognizeLines reads crops of one text line each; the answers are in the order of the crops. A line
// that fails fails alone: [LineError] tells.
func (c *Client) RecognizeLines(ctx context.Context, crops []Source, options *Options) ([]*LineText, error) {
	request := &inkstreamv1.RecognizeLinesRequest{Options: options}
	leftBytes := c.maxMessageBytes
	for _, crop := range crops {
		source, err := crop.whole(leftBytes)
		if err != nil {
			return nil, err
		}
		leftBytes -= len(source.GetContent())
		request.Lines = append(request.Lines, source)
	}
	response, err := unary(ctx, c, c.ocr.RecognizeLines, request)
	return response.GetLines(), err
}

// RecognizeDocument reads a document, an image, a TIFF or a PDF of any number of pages, and gives its
// pages as each finishes. Nothing is sent before [Document.Pages] is iterated. A file that is too large
// for one message is sent in parts.
func (c *Client) RecognizeDocument(ctx context.Context, source Source, options *DocumentOptions) *Document {
	return &Document{ctx: ctx, client: c, source: source, options: options.orDefault()}
}

// ListModels tells which models are loaded, on what.
func (c *Client) ListModels(ctx context.Context) ([]*Model, error) {
	response, err := unary(ctx, c, c.models.ListModels, &inkstreamv1.ListModelsRequest{})
	return response.GetModels(), err
}

// ServerInfo tells the server's version, defaults and limits.
func (c *Client) ServerInfo(ctx context.Context) (*ServerInfo, error) {
	return unary(ctx, c, c.models.GetServerInfo, &inkstreamv1.GetServerInfoRequest{})
}

// unary makes one call. The limit is checked here because gRPC would try again what is over it.
func unary[Q proto.Message, A any](
	ctx context.Context,
	client *Client,
	method func(context.Context, Q, ...grpc.CallOption) (*A, error),
	request Q,
) (*A, error) {
	if err := client.checkSize(request); err != nil {
		return nil, err
	}
	response, err := method(ctx, request)
	if err != nil {
		return nil, callError(err)
	}
	return response, nil
}

func (c *Client) checkSize(request proto.Message) error {
	if size := proto.Size(request); size > c.maxMessageBytes {
		return tooLarge(size, c.maxMessageBytes)
	}
	return nil
}
