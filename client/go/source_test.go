package inkstream

import (
	"bytes"
	"image"
	"image/color"
	"testing"
)

func TestPixelsGoAsGreyAsColourOrWithTransparencyInTheContractsOrder(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 3, 2))
	grey.Pix[4] = 7
	opaque := image.NewRGBA(image.Rect(0, 0, 2, 1))
	opaque.Set(0, 0, color.RGBA{R: 1, G: 2, B: 3, A: 255})
	opaque.Set(1, 0, color.RGBA{R: 4, G: 5, B: 6, A: 255})
	clear := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	clear.Set(0, 0, color.NRGBA{R: 1, G: 2, B: 3, A: 4})
	for _, sent := range []struct {
		img      image.Image
		channels int32
		data     []byte
	}{
		{grey, 1, []byte{0, 0, 0, 0, 7, 0}},
		{grey.SubImage(image.Rect(1, 1, 3, 2)), 1, []byte{7, 0}},
		{opaque, 3, []byte{3, 2, 1, 6, 5, 4}},
		{opaque.SubImage(image.Rect(1, 0, 2, 1)), 3, []byte{6, 5, 4}},
		{clear, 4, []byte{3, 2, 1, 4}},
	} {
		raw := Pixels(sent.img).WithPassword("none").named().GetRaw()

		size := sent.img.Bounds().Size()
		if raw.GetWidth() != int32(size.X) || raw.GetHeight() != int32(size.Y) || raw.GetChannels() != sent.channels {
			t.Errorf("%d x %d x %d", raw.GetWidth(), raw.GetHeight(), raw.GetChannels())
		}
		if !bytes.Equal(raw.GetData(), sent.data) {
			t.Errorf("%v, not %v", raw.GetData(), sent.data)
		}
	}
}

func TestAFileIsReadNoFurtherThanTheLimit(t *testing.T) {
	file := bytes.NewReader(make([]byte, 100))

	if _, err := Reader(file).whole(10); reasonIsNot(err, ReasonMessageTooLarge) {
		t.Errorf("%v", err)
	}

	if file.Len() != 89 {
		t.Errorf("%d bytes are left", file.Len())
	}
}

func reasonIsNot(err error, reason Reason) bool {
	failed, isError := err.(*Error)
	return !isError || failed.Reason != reason
}
