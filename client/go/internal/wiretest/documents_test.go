// Package wiretest tries the client against a real server: `inkstream serve` with the fake engine.
package wiretest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"

	_ "embed"
)

// lockedPDF has one page and opens with "pw".
//
//go:embed testdata/locked.pdf
var lockedPDF []byte

// picture is a white page with some ink, which the fake engine reads as text.
func picture(width, height int) image.Image {
	page := image.NewGray(image.Rect(0, 0, width, height))
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	for left := 20; left+20 < width-20; left += 30 {
		ink := image.Rect(left, height/3, left+20, 2*height/3)
		draw.Draw(page, ink, image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return page
}

func encoded(t *testing.T, img image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// pdf is a document with so many pages, each with its number on it, and some ballast.
func pdf(pageCount, ballastBytes int) []byte {
	const firstPage = 5 // the number of its object: 1 catalog, 2 pages, 3 font, 4 ballast
	var kids bytes.Buffer
	for i := range pageCount {
		fmt.Fprintf(&kids, "%d 0 R ", firstPage+2*i)
	}
	file := &pdfFile{}
	file.WriteString("%PDF-1.7\n")
	file.object("<</Type/Catalog/Pages 2 0 R>>")
	file.object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", pageCount, kids.String()))
	file.object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	file.stream(string(make([]byte, ballastBytes)))
	for i := range pageCount {
		file.object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 120]/Contents %d 0 R"+
			"/Resources<</Font<</F 3 0 R>>>>>>", firstPage+2*i+1))
		file.stream(fmt.Sprintf("BT /F 24 Tf 20 60 Td (page %d) Tj ET", i+1))
	}
	return file.finished()
}

type pdfFile struct {
	bytes.Buffer
	offsets []int
}

func (f *pdfFile) object(body string) {
	f.offsets = append(f.offsets, f.Len())
	fmt.Fprintf(f, "%d 0 obj\n%s\nendobj\n", len(f.offsets), body)
}

func (f *pdfFile) stream(content string) {
	f.object(fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(content), content))
}

func (f *pdfFile) finished() []byte {
	startsAt := f.Len()
	fmt.Fprintf(f, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1)
	for _, offset := range f.offsets {
		fmt.Fprintf(f, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(f, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(f.offsets)+1, startsAt)
	return f.Bytes()
}
