//! The organisation's logo: the one thing on a certificate's pages that is not signed. It travels with the PDF as an attached file, so
//! that whoever verifies can make the same pages again.

use core::fmt;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};
use printpdf::{RawImage, RawImageData, RawImageFormat};

/// The largest file that is taken.
pub(crate) const MAX_BYTES: usize = 256 << 10;
/// The longest side in pixels. On paper it is at most 45 mm: 600 dpi and more.
const MAX_SIDE: u32 = 1200;
/// What decoding may take, besides the picture itself.
const MAX_MEMORY: usize = 8 << 20;

/// A picture that a PDF can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    file: Vec<u8>,
    width: usize,
    height: usize,
    /// Red, green, blue; row by row from the top.
    pixels: Vec<u8>,
}

/// Why a file is no logo. The certificate is made without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoError {
    /// The file is too long.
    Bytes(usize),
    /// The picture is too large, or has no pixels.
    Pixels(u32, u32),
    /// It is no PNG, or a damaged one.
    Png,
}

impl fmt::Display for LogoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => {
                write!(f, "It has {bytes} bytes, and at most {MAX_BYTES} are taken. Save it smaller")
            }
            Self::Pixels(width, height) => {
                write!(
                    f,
                    "It has {width} × {height} pixels, and at most {MAX_SIDE} × {MAX_SIDE} are taken. Scale it down"
                )
            }
            Self::Png => f.write_str("It is no PNG file, or a damaged one. Save it as PNG"),
        }
    }
}

impl core::error::Error for LogoError {}

impl Logo {
    /// Reads a PNG file. What is transparent becomes white, as the paper is.
    ///
    /// # Errors
    /// [`LogoError`], and nothing else whatever the bytes.
    pub fn read(file: &[u8]) -> Result<Self, LogoError> {
        if file.len() > MAX_BYTES {
            return Err(LogoError::Bytes(file.len()));
        }
        let mut decoder = Decoder::new_with_limits(std::io::Cursor::new(file), Limits { bytes: MAX_MEMORY });
        // 8 bits a channel, no palette.
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|_| LogoError::Png)?;
        let (width, height) = reader.info().size();
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return Err(LogoError::Pixels(width, height));
        }
        let mut samples = vec![0; reader.output_buffer_size().ok_or(LogoError::Png)?];
        let frame = reader.next_frame(&mut samples).map_err(|_| LogoError::Png)?;
        reader.finish().map_err(|_| LogoError::Png)?;
        if frame.bit_depth != BitDepth::Eight {
            return Err(LogoError::Png);
        }
        let samples = samples.get(..frame.buffer_size()).ok_or(LogoError::Png)?;
        let pixels = on_white(frame.color_type, samples).ok_or(LogoError::Png)?;
        let [width, height] = [width, height].map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        Ok(Self { file: file.to_vec(), width, height, pixels })
    }

    /// The PNG file.
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// How wide it is if it is to be as large as it can be within these sides.
    pub(crate) fn within(&self, width: f32, height: f32) -> (f32, f32) {
        #[expect(clippy::cast_precision_loss, reason = "at most MAX_SIDE")]
        let ratio = self.width as f32 / self.height as f32;
        if width / ratio <= height { (width, width / ratio) } else { (height * ratio, height) }
    }

    pub(crate) fn image(&self) -> RawImage {
        RawImage {
            pixels: RawImageData::U8(self.pixels.clone()),
            width: self.width,
            height: self.height,
            data_format: RawImageFormat::RGB8,
            tag: Vec::new(),
        }
    }
}

/// Samples of 8 bits as red, green and blue; `None` for what `normalize_to_color8` never gives.
fn on_white(of: ColorType, samples: &[u8]) -> Option<Vec<u8>> {
    let over = |sample: u8, alpha: u8| {
        let (sample, alpha) = (u16::from(sample), u16::from(alpha));
        // Rounded; at most 255.
        u8::try_from((sample * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
    };
    let pixels = match of {
        ColorType::Rgb => samples.to_vec(),
        ColorType::Grayscale => samples.iter().flat_map(|&grey| [grey; 3]).collect(),
        ColorType::Rgba => {
            let (pixels, _) = samples.as_chunks::<4>();
            pixels
                .iter()
                .flat_map(|&[red, green, blue, alpha]| [red, green, blue].map(|one| over(one, alpha)))
                .collect()
        }
        ColorType::GrayscaleAlpha => {
            let (pixels, _) = samples.as_chunks::<2>();
            pixels.iter().flat_map(|&[grey, alpha]| [over(grey, alpha); 3]).collect()
        }
        ColorType::Indexed => return None,
    };
    Some(pixels)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A PNG of one colour.
    pub(crate) fn png(width: u32, height: u32, of: ColorType, pixel: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(of);
        encoder.set_depth(BitDepth::Eight);
        let count = usize::try_from(width * height).unwrap();
        encoder.write_header().unwrap().write_image_data(&pixel.repeat(count)).unwrap();
        file
    }

    #[test]
    fn what_is_transparent_is_white() {
        for (of, pixel, seen) in [
            (ColorType::Rgb, [10, 20, 30, 0], [10, 20, 30]),
            (ColorType::Rgba, [10, 20, 30, 255], [10, 20, 30]),
            (ColorType::Rgba, [10, 20, 30, 0], [255, 255, 255]),
            // 100 * 128/255 + 127 = 177.2
            (ColorType::Rgba, [100, 0, 255, 128], [177, 127, 255]),
            (ColorType::Grayscale, [7, 0, 0, 0], [7, 7, 7]),
            (ColorType::GrayscaleAlpha, [7, 0, 0, 0], [255, 255, 255]),
        ] {
            let logo = Logo::read(&png(3, 2, of, &pixel[..of.samples()])).unwrap();
            assert_eq!((logo.width, logo.height, logo.pixels), (3, 2, seen.repeat(6)), "{of:?} {pixel:?}");
        }
    }

    #[test]
    fn it_keeps_its_shape() {
        let logo = Logo::read(&png(300, 100, ColorType::Rgb, &[0; 3])).unwrap();
        assert_eq!(logo.within(45.0, 10.0), (30.0, 10.0));
        assert_eq!(logo.within(15.0, 10.0), (15.0, 5.0));
    }

    #[test]
    fn other_files_are_refused_in_words() {
        let good = png(4, 4, ColorType::Rgb, &[1, 2, 3]);
        assert_eq!(Logo::read(&good[..good.len() - 20]), Err(LogoError::Png));
        assert_eq!(Logo::read(b"GIF89a"), Err(LogoError::Png));
        assert_eq!(Logo::read(&vec![0; MAX_BYTES + 1]), Err(LogoError::Bytes(262_145)));
        assert_eq!(Logo::read(&png(1201, 1, ColorType::Grayscale, &[0])), Err(LogoError::Pixels(1201, 1)));
        for length in 0..good.len() {
            assert!(Logo::read(&good[..length]).is_err(), "{length}");
        }
    }
}
