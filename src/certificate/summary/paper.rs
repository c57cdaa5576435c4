//! The list as a PDF: two lines a certificate, under the machine that its drive was in.

use printpdf::PdfPage;
use purgeproof_core::policy::Paper;
use purgeproof_core::units::Bytes;

use super::{Row, Summary};
use crate::archive::Title;
use crate::attach::{self, Attachment};
use crate::font::{Face, Fonts};
use crate::pdf::{self, BODY, FOOT, HEADING, INNER, LABELS, MARGIN, PdfError, SMALL, STRONG, TITLE};
use crate::sheet::{Area, Ink, Sheet, Style};

/// Where the columns begin, and the right edge of the last.
const EDGES: [f32; 6] = [0.0, 8.0, 38.0, 94.0, 134.0, INNER];
const HEADS: [&str; 5] = ["No.", "Outcome", "Serial number, drive", "Technique, issued", "Certificate, SHA-256"];
/// How high a row is.
const ROW: f32 = 8.2;
const CODES: Style = Style::new(Face::Mono, 6.2, Ink::BLACK);
const BAD: Ink = Ink(0.72, 0.06, 0.06);

/// What a row has in a column.
type Column = fn(&Row) -> &str;

impl Summary {
    /// The list as a PDF/A-3b, with the certificates attached as a CBOR sequence, and the CSV. The same certificates always give the same
    /// bytes.
    ///
    /// # Errors
    /// [`PdfError`]: there is no PDF; the certificates are not touched by that.
    pub fn pdf(&self, paper: Paper) -> Result<Vec<u8>, PdfError> {
        let fonts = Fonts::load()?;
        let document = pdf::drawn(&fonts, None, self.pages(paper, &fonts))?;
        let csv = self.csv();
        let files = [
            Attachment {
                name: "certificates.cborseq".to_owned(),
                media_type: "application/cbor-seq",
                relationship: "Source",
                bytes: &self.sequence,
            },
            Attachment {
                name: "summary.csv".to_owned(),
                media_type: "text/csv",
                relationship: "Alternative",
                bytes: csv.as_bytes(),
            },
        ];
        let title = Title { text: self.title(), unix_s: self.issued_unix_s, id: self.sha256() };
        attach::finish(document, &title, &files)
    }

    fn title(&self) -> String {
        let certificates = if self.count() == 1 { "certificate" } else { "certificates" };
        format!("Summary of {} {certificates}", self.count())
    }

    pub(crate) fn pages(&self, paper: Paper, fonts: &Fonts) -> Vec<PdfPage> {
        let mut list = List { done: Vec::new(), sheet: Sheet::new(fonts, paper), y: MARGIN };
        list.head(self);
        for (index, row) in self.rows.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| self.rows.get(before));
            if before.is_none_or(|before| machine(before) != machine(row)) {
                list.machine(row);
            }
            list.row(index + 1, row);
        }
        list.signature();
        list.done.push(list.sheet);
        let count = list.done.len();
        let numbered = list.done.into_iter().enumerate().map(|(index, mut sheet)| {
            let text = format!("{} · {} · page {} of {count}", self.title(), self.totals(), index + 1);
            sheet.text(MARGIN, sheet.bottom() - 7.0, SMALL, &text);
            sheet.into_page()
        });
        numbered.collect()
    }
}

/// The machine of a row, in words.
fn machine(row: &Row) -> String {
    let named = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!(" · {name} {text}") };
    let product = if row.machine.is_empty() { "Machine without a name" } else { &row.machine };
    let (serial, asset) = (named("serial no.", &row.machine_serial), named("asset tag", &row.machine_asset));
    let hiding = if row.concealing.is_empty() { "" } else { " · MAY HIDE DRIVES" };
    format!("{product}{serial}{asset}{hiding}")
}

/// What all rows say, or that they do not say the same.
fn common(rows: &[Row], of: fn(&Row) -> &str) -> String {
    let first = rows.first().map(of).unwrap_or_default();
    match rows.iter().all(|row| of(row) == first) {
        true if first.is_empty() => "not given".to_owned(),
        true => first.to_owned(),
        false => "several".to_owned(),
    }
}

/// The pages under way.
struct List<'a> {
    done: Vec<Sheet<'a>>,
    sheet: Sheet<'a>,
    y: f32,
}

impl List<'_> {
    fn head(&mut self, summary: &Summary) {
        self.sheet.text(MARGIN, self.y + 5.2, TITLE, &summary.title());
        self.y += 8.0;
        let words = "A list, made from the certificates alone. Each was verified when the list was made, and is attached to this PDF. The list \
                     itself is not signed: only the certificates count. To make it anew and check them: purgeproof summary FILE.";
        self.y += self.sheet.paragraph((MARGIN, self.y), INNER, SMALL, words) + 2.0;
        let bad = summary.rows.iter().any(|row| !row.is_good());
        self.sheet.frame(Area(MARGIN, self.y, INNER, 9.0), 1.4, if bad { BAD } else { Ink::BLACK });
        let totals = Style::new(Face::Bold, 10.5, if bad { BAD } else { Ink::BLACK });
        self.sheet.text(MARGIN + 4.0, self.y + 6.0, totals, &summary.totals());
        self.y += 11.0;
        let columns: [(&str, Column); 4] = [
            ("Organisation", |row| &row.organisation),
            ("Job", |row| &row.job),
            ("Site", |row| &row.site),
            ("Operator", |row| &row.operator),
        ];
        for (label, of) in columns {
            self.sheet.paragraph((MARGIN, self.y), 24.0, LABELS, label);
            self.y += self.sheet.paragraph((MARGIN + 24.0, self.y), INNER - 24.0, BODY, &common(&summary.rows, of));
        }
        self.y += 3.0;
        self.heads();
    }

    /// The names of the columns, at the head of each page.
    fn heads(&mut self) {
        for (head, x) in HEADS.iter().zip(EDGES) {
            self.sheet.text(MARGIN + x, self.y + 2.5, LABELS, head);
        }
        self.sheet.rule(MARGIN, self.y + 3.6, INNER, 0.8, Ink::BLACK);
        self.y += 4.6;
    }

    fn room(&mut self, height: f32) {
        if self.y + height > self.sheet.bottom() - FOOT {
            let blank = self.sheet.blank();
            self.done.push(std::mem::replace(&mut self.sheet, blank));
            self.y = MARGIN;
            self.heads();
        }
    }

    fn machine(&mut self, row: &Row) {
        // Never the last line of a page.
        self.room(6.0 + ROW);
        self.line((0, 5), 3.4, HEADING, &machine(row));
        self.y += 5.4;
    }

    fn row(&mut self, number: usize, row: &Row) {
        self.room(ROW);
        let word = Style { ink: if row.is_good() { Ink::BLACK } else { BAD }, ..STRONG };
        let drive = format!("{} · {}", row.model, Bytes(row.bytes));
        let serial = if row.serial.is_empty() { "no serial number" } else { &row.serial };
        let exceptions = match (row.flaws.as_str(), row.exceptions) {
            ("", 0) => "no exceptions".to_owned(),
            ("", 1) => "1 exception".to_owned(),
            ("", count) => format!("{count} exceptions"),
            (flaws, _) => flaws.to_owned(),
        };
        let digest: String = row.sha256.chars().take(24).collect();
        let upper = 2.7;
        self.line((0, 1), upper, LABELS, &number.to_string());
        self.line((1, 2), upper, word, &row.outcome);
        self.line((2, 3), upper, self.fitting(STRONG, (2, 3), serial), serial);
        // What was asked for and came to no good end must not read like something that was done.
        let tried = if row.is_good() { "" } else { "tried: " };
        self.line((3, 4), upper, BODY, &format!("{tried}{}", row.technique));
        self.line((4, 5), upper, CODES, &row.certificate);
        let lower = 6.0;
        self.line((1, 2), lower, LABELS, &exceptions);
        self.line((2, 3), lower, BODY, &drive);
        self.line((3, 4), lower, LABELS, &row.issued.replace('T', " ").replace('Z', " UTC"));
        self.line((4, 5), lower, CODES, &format!("{digest}…"));
        self.sheet.rule(MARGIN, self.y + ROW - 1.0, INNER, 0.2, Ink::RULE);
        self.y += ROW;
    }

    /// A serial number is what a drive is found by: it is set smaller before any of it is left out.
    fn fitting(&self, style: Style, (from, to): (usize, usize), text: &str) -> Style {
        let (Some(left), Some(right)) = (EDGES.get(from), EDGES.get(to)) else { return style };
        let fits = |style: &Style| self.sheet.cut(right - left - 1.5, *style, text, 1, "…").is_none();
        let smallest = style.scaled(0.6);
        [style, style.scaled(0.8)].into_iter().find(fits).unwrap_or(smallest)
    }

    /// A line for a pen: one for all of the list.
    fn signature(&mut self) {
        self.room(20.0);
        self.y += 13.0;
        self.sheet.rule(MARGIN, self.y, INNER, 0.4, Ink::GREY);
        for (x, text) in [(0.0, "Accepted by the customer: name, title"), (96.0, "signature"), (156.0, "date")] {
            self.sheet.text(MARGIN + x, self.y + 2.8, LABELS, text);
        }
    }

    /// One line of text from one edge to another, cut where it has no room; its baseline is `below` the row's upper edge.
    fn line(&mut self, (from, to): (usize, usize), below: f32, style: Style, text: &str) {
        let (Some(left), Some(right)) = (EDGES.get(from), EDGES.get(to)) else { return };
        let cut = self.sheet.cut(right - left - 1.5, style, text, 1, "…");
        self.sheet.text(MARGIN + left, self.y + below, style, cut.as_deref().unwrap_or(text));
    }
}
