/* Two layers and their gradients, on planes of floats one after the other (N x C x H x W):
   depthwise convolution (square kernels, the same padding on all sides, one stride), and batch
   normalisation followed by h-swish. Who calls has checked the sizes. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int planes, channels; /* planes = N * C */
  int height, width;    /* of the input */
  int out_height, out_width;
  int kernel, stride, padding;
} Shape;

static int padded_width(const Shape *s) { return s->width + 2 * s->padding + s->stride; }

/* Rows of a padded plane follow each other: with one stride a tap is done for all of them at once,
   margins included, whose results nobody reads. The last tap's reach beyond the last row. */
static size_t padded_size(const Shape *s) {
  return (size_t)(s->height + 2 * s->padding) * padded_width(s) + s->kernel;
}

static float *padded_plane(const Shape *s) { return calloc(padded_size(s), sizeof(float)); }

static void copy_rows(int rows, int width, const float *from, int from_pitch, float *to,
                      int to_pitch) {
  for (int y = 0; y < rows; y++)
    memcpy(to + (size_t)y * to_pitch, from + (size_t)y * from_pitch, width * sizeof(float));
}

static void pad(const Shape *s, const float *plane, float *padded) {
  float *inner = padded + (size_t)s->padding * padded_width(s) + s->padding;
  copy_rows(s->height, s->width, plane, s->width, inner, padded_width(s));
}

static void convolve_plane(const Shape *s, const float *padded, const float *w, float *sums,
                           float *output) {
  const int pitch = padded_width(s), length = s->out_height * pitch;
  memset(sums, 0, length * sizeof(float));
  for (int i = 0; i < s->kernel; i++)
    for (int j = 0; j < s->kernel; j++) {
      const float *from = padded + (size_t)i * pitch + j;
      const float tap = w[i * s->kernel + j];
      for (int x = 0; x < length; x++) sums[x] += tap * from[x];
    }
  copy_rows(s->out_height, s->out_width, sums, pitch, output, s->out_width);
}

static void convolve_plane_by_strides(const Shape *s, const float *padded, const float *w,
                                      float *output) {
  memset(output, 0, (size_t)s->out_height * s->out_width * sizeof(float));
  for (int y = 0; y < s->out_height; y++) {
    float *row = output + (size_t)y * s->out_width;
    for (int i = 0; i < s->kernel; i++)
      for (int j = 0; j < s->kernel; j++) {
        const float *from = padded + (size_t)(y * s->stride + i) * padded_width(s) + j;
        const float tap = w[i * s->kernel + j];
        for (int x = 0; x < s->out_width; x++) row[x] += tap * from[x * s->stride];
      }
  }
}

void convolve(const Shape *s, const float *input, const float *weights, float *output) {
#pragma omp parallel
  {
    float *padded = padded_plane(s), *sums = padded_plane(s);
#pragma omp for
    for (int p = 0; p < s->planes; p++) {
      const float *w = weights + (size_t)(p % s->channels) * s->kernel * s->kernel;
      float *to = output + (size_t)p * s->out_height * s->out_width;
      pad(s, input + (size_t)p * s->height * s->width, padded);
      if (s->stride == 1)
        convolve_plane(s, padded, w, sums, to);
      else
        convolve_plane_by_strides(s, padded, w, to);
    }
    free(padded);
    free(sums);
  }
}

/* spread: the gradients with the margins of a padded plane, which are 0. */
static void back_plane(const Shape *s, const float *padded, const float *w, const float *spread,
                       float *back, float *dw) {
  const int pitch = padded_width(s), length = s->out_height * pitch;
  for (int i = 0; i < s->kernel; i++)
    for (int j = 0; j < s->kernel; j++) {
      const float *from = padded + (size_t)i * pitch + j;
      const float tap = w[i * s->kernel + j];
      float *to = back + (size_t)i * pitch + j, sum = 0;
      for (int x = 0; x < length; x++) {
        sum += spread[x] * from[x];
        to[x] += tap * spread[x];
      }
      dw[i * s->kernel + j] = sum;
    }
}

static void back_plane_by_strides(const Shape *s, const float *padded, const float *w,
                                  const float *gradients, float *back, float *dw) {
  memset(dw, 0, s->kernel * s->kernel * sizeof(float));
  for (int y = 0; y < s->out_height; y++) {
    const float *row = gradients + (size_t)y * s->out_width;
    for (int i = 0; i < s->kernel; i++)
      for (int j = 0; j < s->kernel; j++) {
        const size_t at = (size_t)(y * s->stride + i) * padded_width(s) + j;
        const float *from = padded + at;
        const float tap = w[i * s->kernel + j];
        float *to = back + at, sum = 0;
        for (int x = 0; x < s->out_width; x++) {
          sum += row[x] * from[x * s->stride];
          to[x * s->stride] += tap * row[x];
        }
        dw[i * s->kernel + j] += sum;
      }
  }
}

/* weight_gradients: one kernel per plane; who calls adds up those of one channel. */
void convolve_back(const Shape *s, const float *input, const float *weights, const float *gradients,
                   float *input_gradients, float *weight_gradients) {
  const int taps = s->kernel * s->kernel, pitch = padded_width(s);
#pragma omp parallel
  {
    float *padded = padded_plane(s), *back = padded_plane(s), *spread = padded_plane(s);
#pragma omp for
    for (int p = 0; p < s->planes; p++) {
      const float *w = weights + (size_t)(p % s->channels) * taps;
      const float *gradient = gradients + (size_t)p * s->out_height * s->out_width;
      float *dw = weight_gradients + (size_t)p * taps;
      memset(back, 0, padded_size(s) * sizeof(float));
      pad(s, input + (size_t)p * s->height * s->width, padded);
      if (s->stride == 1) {
        copy_rows(s->out_height, s->out_width, gradient, s->out_width, spread, pitch);
        back_plane(s, padded, w, spread, back, dw);
      } else {
        back_plane_by_strides(s, padded, w, gradient, back, dw);
      }
      copy_rows(s->height, s->width, back + (size_t)s->padding * pitch + s->padding, pitch,
                input_gradients + (size_t)p * s->height * s->width, s->width);
    }
    free(padded);
    free(back);
    free(spread);
  }
}

/* statistics: per channel the mean and 1 / standard deviation of this batch, which it writes. */
void normalise(int count, int channels, int pixels, float epsilon, const float *input,
               const float *scales, const float *shifts, float *statistics, float *output) {
#pragma omp parallel for
  for (int c = 0; c < channels; c++) {
    double sum = 0, squares = 0;
    for (int n = 0; n < count; n++) {
      const float *from = input + ((size_t)n * channels + c) * pixels;
      float part = 0, square = 0;
      for (int i = 0; i < pixels; i++) {
        part += from[i];
        square += from[i] * from[i];
      }
      sum += part;
      squares += square;
    }
    const double mean = sum / ((double)count * pixels);
    const double variance = fmax(0, squares / ((double)count * pixels) - mean * mean);
    const float slope = 1 / sqrt(variance + epsilon);
    statistics[2 * c] = mean;
    statistics[2 * c + 1] = slope;
    const float factor = scales[c] * slope, addend = shifts[c] - (float)mean * factor;
    for (int n = 0; n < count; n++) {
      const float *from = input + ((size_t)n * channels + c) * pixels;
      float *to = output + ((size_t)n * channels + c) * pixels;
      for (int i = 0; i < pixels; i++) {
        const float z = from[i] * factor + addend;
        to[i] = z * fminf(fmaxf(z + 3, 0), 6) * (1.0f / 6);
      }
    }
  }
}

static float swish_slope(float z) { return z <= -3 ? 0 : z >= 3 ? 1 : (2 * z + 3) * (1.0f / 6); }

void normalise_back(int count, int channels, int pixels, const float *input, const float *scales,
                    const float *shifts, const float *statistics, const float *gradients,
                    float *input_gradients, float *scale_gradients, float *shift_gradients) {
#pragma omp parallel for
  for (int c = 0; c < channels; c++) {
    const float mean = statistics[2 * c], slope = statistics[2 * c + 1];
    const float factor = scales[c] * slope, addend = shifts[c] - mean * factor;
    double by_shift = 0, by_scale = 0;
    for (int n = 0; n < count; n++) {
      const size_t at = ((size_t)n * channels + c) * pixels;
      const float *from = input + at, *gradient = gradients + at;
      float *to = input_gradients + at, sum = 0, weighted = 0;
      for (int i = 0; i < pixels; i++) {
        const float each = gradient[i] * swish_slope(from[i] * factor + addend);
        to[i] = each;
        sum += each;
        weighted += each * (from[i] - mean) * slope;
      }
      by_shift += sum;
      by_scale += weighted;
    }
    shift_gradients[c] = by_shift;
    scale_gradients[c] = by_scale;
    const float share = 1 / ((float)count * pixels);
    const float level = by_shift * share, tilt = by_scale * share * slope;
    for (int n = 0; n < count; n++) {
      const size_t at = ((size_t)n * channels + c) * pixels;
      const float *from = input + at;
      float *to = input_gradients + at;
      for (int i = 0; i < pixels; i++)
        to[i] = factor * (to[i] - level - (from[i] - mean) * tilt);
    }
  }
}
