package inkstream

import (
	"strings"

	"inkstream.dev/go/inkstream/inkstreamv1"
)

// What the wire contract calls them, without its package's name. Their fields are documented there.
type (
	// Options is how a page is read. A nil field takes the server's default.
	Options = inkstreamv1.RecognizeOptions
	// Page is one page's text, its lines in reading order.
	Page = inkstreamv1.Page
	// TextLine is one line of a page.
	TextLine = inkstreamv1.TextLine
	// LineText is the text of one crop. Where its Error is set, nothing else is.
	LineText = inkstreamv1.LineText
	// DocumentStart tells what a document is.
	DocumentStart = inkstreamv1.DocumentStart
	// DocumentEnd has a document's totals.
	DocumentEnd = inkstreamv1.DocumentEnd
	// Model is a model that is loaded on a device.
	Model = inkstreamv1.Model
	// ServerInfo tells a server's version, defaults and limits.
	ServerInfo = inkstreamv1.GetServerInfoResponse
	// PageOrder is the order in which a document's pages come.
	PageOrder = inkstreamv1.PageOrder
)

// The orders in which a document's pages can come.
const (
	// OrderDocument is page 1 before page 2; the default.
	OrderDocument = inkstreamv1.PageOrder_PAGE_ORDER_DOCUMENT
	// OrderCompletion is each page the moment it is done.
	OrderCompletion = inkstreamv1.PageOrder_PAGE_ORDER_COMPLETION
)

// DocumentOptions says which pages of a document are read, and how. Nil and the zero value mean: all,
// in the document's order, with the server's defaults.
type DocumentOptions struct {
	// Pages are page numbers from 1, such as "1-3,7,10-". Empty: all.
	Pages string
	// DPI is the resolution that pages of a PDF are drawn at. 0: the server's default.
	DPI int32
	// Order is the order in which pages come.
	Order PageOrder
	// Read is how every page is read.
	Read *Options
}

func (o *DocumentOptions) orDefault() *DocumentOptions {
	if o == nil {
		return &DocumentOptions{}
	}
	return o
}

func (o *DocumentOptions) selection() *inkstreamv1.PageSelection {
	return &inkstreamv1.PageSelection{Ranges: o.Pages, Dpi: o.DPI}
}

// Text returns the texts of all lines of a page, one a line.
func Text(page *Page) string {
	texts := make([]string, len(page.GetLines()))
	for i, line := range page.GetLines() {
		texts[i] = line.GetText()
	}
	return strings.Join(texts, "\n")
}
