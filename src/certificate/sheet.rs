//! A page to draw on. Lengths are millimetres from the upper left corner, sizes of type are points.

use printpdf::{
    Color, Line, LinePoint, Mm, Op, PaintMode, PdfFontHandle, PdfPage, Point, Polygon, PolygonRing, Pt, Rgb, TextItem,
    WindingOrder, XObjectId, XObjectTransform,
};
use purgeproof_core::policy::Paper;

use crate::font::{Face, Fonts};

const MM_PER_POINT: f32 = 25.4 / 72.0;
/// The width that pages are laid out for: A4. Other paper has the same in its middle.
pub(crate) const WIDTH: f32 = 210.0;

/// Width and height of a paper in millimetres.
pub(crate) const fn size(paper: Paper) -> (f32, f32) {
    match paper {
        Paper::A4 => (WIDTH, 297.0),
        Paper::Letter => (215.9, 279.4),
    }
}

/// Red, green and blue, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ink(pub(crate) f32, pub(crate) f32, pub(crate) f32);

impl Ink {
    pub(crate) const BLACK: Self = Self(0.0, 0.0, 0.0);
    pub(crate) const GREY: Self = Self(0.35, 0.35, 0.35);
    pub(crate) const RULE: Self = Self(0.7, 0.7, 0.7);
    pub(crate) const WHITE: Self = Self(1.0, 1.0, 1.0);

    const fn color(self) -> Color {
        Color::Rgb(Rgb { r: self.0, g: self.1, b: self.2, icc_profile: None })
    }
}

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) face: Face,
    pub(crate) size: f32,
    pub(crate) ink: Ink,
}

impl Style {
    pub(crate) const fn new(face: Face, size: f32, ink: Ink) -> Self {
        Self { face, size, ink }
    }

    /// The same in another size.
    pub(crate) fn scaled(self, by: f32) -> Self {
        Self { size: self.size * by, ..self }
    }

    /// From one line to the next, in millimetres.
    pub(crate) fn leading(self) -> f32 {
        self.size * 1.22 * MM_PER_POINT
    }
}

/// A rectangle: left, top, width, height.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area(pub(crate) f32, pub(crate) f32, pub(crate) f32, pub(crate) f32);

/// A page under way.
pub(crate) struct Sheet<'a> {
    fonts: &'a Fonts,
    paper: Paper,
    ops: Vec<Op>,
}

impl<'a> Sheet<'a> {
    pub(crate) const fn new(fonts: &'a Fonts, paper: Paper) -> Self {
        Self { fonts, paper, ops: Vec::new() }
    }

    /// Another one, with nothing on it.
    pub(crate) const fn blank(&self) -> Self {
        Self::new(self.fonts, self.paper)
    }

    /// Where the page ends.
    pub(crate) const fn bottom(&self) -> f32 {
        size(self.paper).1
    }

    pub(crate) fn into_page(self) -> PdfPage {
        let (width, height) = size(self.paper);
        PdfPage::new(Mm(width), Mm(height), self.ops)
    }

    fn point(&self, x: f32, y: f32) -> Point {
        let (width, height) = size(self.paper);
        Point { x: Mm(x + (width - WIDTH) / 2.0).into(), y: Mm(height - y).into() }
    }

    fn corners(&self, Area(x, y, width, height): Area) -> Vec<LinePoint> {
        [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
            .map(|(x, y)| LinePoint { p: self.point(x, y), bezier: false })
            .to_vec()
    }

    /// A picture of the document, stretched over an area.
    pub(crate) fn picture(&mut self, id: &XObjectId, area: Area) {
        let Area(x, y, width, height) = area;
        let corner = self.point(x, y + height);
        let transform = XObjectTransform {
            translate_x: Some(corner.x),
            translate_y: Some(corner.y),
            scale_x: Some(width / MM_PER_POINT),
            scale_y: Some(height / MM_PER_POINT),
            no_auto_scale: true,
            ..XObjectTransform::default()
        };
        self.ops.push(Op::UseXobject { id: id.clone(), transform });
    }

    /// One line of text with its baseline at `y`. What the face cannot show is shown as codes.
    pub(crate) fn text(&mut self, x: f32, y: f32, style: Style, text: &str) {
        let text = self.fonts.shown(style.face, text);
        self.ops.extend([
            Op::StartTextSection,
            Op::SetFont { font: PdfFontHandle::External(style.face.id()), size: Pt(style.size) },
            Op::SetFillColor { col: style.ink.color() },
            Op::SetTextCursor { pos: self.point(x, y) },
            Op::ShowText { items: vec![TextItem::Text(text)] },
            Op::EndTextSection,
        ]);
    }

    /// Text that is broken into lines of at most `width`, the first one's top at `y`. Gives the height it took.
    pub(crate) fn paragraph(&mut self, (x, y): (f32, f32), width: f32, style: Style, text: &str) -> f32 {
        let lines = self.lines(width, style, text);
        let mut baseline = y + style.size * 0.95 * MM_PER_POINT;
        for line in &lines {
            self.text(x, baseline, style, line);
            baseline += style.leading();
        }
        baseline - y - style.size * 0.95 * MM_PER_POINT
    }

    /// The height of [`Sheet::paragraph`].
    pub(crate) fn height(&self, width: f32, style: Style, text: &str) -> f32 {
        self.lines(width, style, text).iter().map(|_| style.leading()).sum()
    }

    /// What there is room for in so many lines, with `more` at its end; `None` if there is room for all of it.
    pub(crate) fn cut(&self, width: f32, style: Style, text: &str, lines: usize, more: &str) -> Option<String> {
        let all = self.lines(width, style, text);
        if all.len() <= lines {
            return None;
        }
        let mut kept = all.into_iter().take(lines).collect::<Vec<_>>().join(" ");
        while self.lines(width, style, &format!("{kept}{more}")).len() > lines && kept.pop().is_some() {}
        Some(format!("{}{more}", kept.trim_end()))
    }

    /// The text in lines, broken at spaces, or within a word that is longer than a line.
    fn lines(&self, width: f32, style: Style, text: &str) -> Vec<String> {
        let shown = self.fonts.shown(style.face, text);
        let fits = |line: &str| self.fonts.width(style.face, style.size, line) * MM_PER_POINT <= width;
        let mut lines = vec![String::new()];
        for word in shown.split(' ').filter(|word| !word.is_empty()) {
            let Some(line) = lines.last_mut() else { break };
            let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&joined) {
                *line = joined;
                continue;
            }
            let mut rest = if line.is_empty() { std::mem::take(line) } else { String::new() };
            for c in word.chars() {
                if !rest.is_empty() && !fits(&format!("{rest}{c}")) {
                    lines.push(std::mem::take(&mut rest));
                }
                rest.push(c);
            }
            lines.push(rest);
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// A filled rectangle.
    pub(crate) fn fill(&mut self, area: Area, ink: Ink) {
        self.fill_all(&[area], ink);
    }

    /// Filled rectangles as one path, so that no seam shows between them.
    pub(crate) fn fill_all(&mut self, areas: &[Area], ink: Ink) {
        let rings = areas.iter().map(|area| PolygonRing { points: self.corners(*area) }).collect();
        self.ops.push(Op::SetFillColor { col: ink.color() });
        self.ops.push(Op::DrawPolygon {
            polygon: Polygon { rings, mode: PaintMode::Fill, winding_order: WindingOrder::NonZero },
        });
    }

    /// The outline of a rectangle, `thickness` in points.
    pub(crate) fn frame(&mut self, area: Area, thickness: f32, ink: Ink) {
        self.stroke(self.corners(area), true, thickness, ink);
    }

    /// A horizontal line.
    pub(crate) fn rule(&mut self, x: f32, y: f32, width: f32, thickness: f32, ink: Ink) {
        let ends = [self.point(x, y), self.point(x + width, y)];
        self.stroke(ends.map(|p| LinePoint { p, bezier: false }).to_vec(), false, thickness, ink);
    }

    fn stroke(&mut self, points: Vec<LinePoint>, is_closed: bool, thickness: f32, ink: Ink) {
        self.ops.extend([
            Op::SetOutlineColor { col: ink.color() },
            Op::SetOutlineThickness { pt: Pt(thickness) },
            Op::DrawLine { line: Line { points, is_closed } },
        ]);
    }
}
