//! The first page. It holds all that a reader needs, the proof and the lines to sign on, however much there is to say: what takes too
//! much room is set smaller, then shortened, and stands in full on the next page.

use purgeproof_core::verdict::Outcome;

use super::proof::{self, Code};
use super::{BODY, HEADING, INNER, LABEL, LABELS, MARGIN, Print, SMALL, STRONG, TITLE, style_of};
use crate::Certificate;
use crate::claims::Statement;
use crate::font::{Face, Fonts};
use crate::qr::Modules;
use crate::rows::{self, Section};
use crate::sheet::{Area, Ink, Sheet, Style};

/// The room for a logo: beside the title, and nowhere else.
const LOGO: (f32, f32) = (45.0, 10.0);
const GAP: f32 = 6.0;
const COLUMN: f32 = (INNER - GAP) / 2.0;
/// What stands where a text is cut.
const MORE: &str = " … (page 2)";

/// How the page is set.
#[derive(Clone, Copy, Debug)]
struct Setting {
    /// The size of the type beside what it should be.
    scale: f32,
    /// Where the exceptions stand.
    exceptions: Exceptions,
    /// The most lines that one text may take.
    lines: usize,
    /// The most rows of a section, and the most reasons.
    rows: usize,
    /// Whether the QR code is here, and not on the next page.
    has_code: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exceptions {
    /// Over the whole width, above the proof.
    Above,
    /// Beside the QR code. What is not given is named together from here on.
    Beside,
    /// There too, in a few words each.
    Brief,
}

const ALL: Setting =
    Setting { scale: 1.0, exceptions: Exceptions::Above, lines: usize::MAX, rows: usize::MAX, has_code: true };
const BRIEF: Setting = Setting { scale: 0.92, exceptions: Exceptions::Brief, ..ALL };
/// From the best to what takes the least room. The last fits whatever there is to say: texts, reasons, rows and the QR code have an end.
const SETTINGS: [Setting; 10] = [
    ALL,
    Setting { scale: 0.92, ..ALL },
    Setting { exceptions: Exceptions::Beside, ..BRIEF },
    BRIEF,
    Setting { lines: 2, rows: 12, ..BRIEF },
    Setting { scale: 0.88, lines: 2, rows: 8, ..BRIEF },
    Setting { scale: 0.88, lines: 1, rows: 8, ..BRIEF },
    Setting { scale: 0.88, lines: 1, rows: 5, ..BRIEF },
    Setting { scale: 0.88, lines: 2, rows: 8, has_code: false, ..BRIEF },
    Setting { scale: 0.88, lines: 1, rows: 5, has_code: false, ..BRIEF },
];

/// The page with what it had no room for.
pub(super) struct Set<'a> {
    pub(super) sheet: Sheet<'a>,
    /// The sections that were shortened, in full.
    pub(super) rest: Vec<Section>,
    /// The QR code, if it is not on the page.
    pub(super) code: Option<Modules>,
}

/// The first page.
pub(super) fn set<'a>(certificate: &Certificate, print: &Print<'_>, fonts: &'a Fonts) -> Set<'a> {
    let modules = Modules::of(&certificate.qr_text());
    let set = |setting: &Setting| {
        let mut sheet = Sheet::new(fonts, print.paper);
        if let Some(logo) = print.logo {
            let (width, height) = logo.within(LOGO.0, LOGO.1);
            sheet.picture(&super::logo_id(), Area(MARGIN + INNER - width, MARGIN - 2.5, width, height));
        }
        let front = Front { sheet, y: MARGIN, setting: *setting, rest: Vec::new() };
        front.finish(certificate, modules.as_ref())
    };
    let [better @ .., least] = &SETTINGS;
    let (front, _) = better.iter().map(set).find(|(_, fits)| *fits).unwrap_or_else(|| set(least));
    Set { sheet: front.sheet, rest: front.rest, code: modules.filter(|_| !front.setting.has_code) }
}

/// The page under way and the place where the next thing goes.
struct Front<'a> {
    sheet: Sheet<'a>,
    y: f32,
    setting: Setting,
    rest: Vec<Section>,
}

impl Front<'_> {
    /// The whole page, and whether all of it has room on it.
    fn finish(mut self, certificate: &Certificate, modules: Option<&Modules>) -> (Self, bool) {
        let statement = &certificate.claims().statement;
        self.head(certificate);
        self.columns(certificate);
        let beside = self.exceptions(statement);
        let also = beside.as_deref().map(|texts| (rows::uncovered(statement.outcome.0), texts));
        let code = match modules {
            Some(modules) if self.setting.has_code => Code::Here(modules),
            Some(_) => Code::Next,
            None => Code::TooLong,
        };
        let mut scratch = self.sheet.blank();
        let top = proof::end(&self.sheet) - proof::proof(&mut scratch, 0.0, certificate, &code, also);
        proof::proof(&mut self.sheet, top, certificate, &code, also);
        proof::signatures(&mut self.sheet);
        let fits = self.y <= top;
        (self, fits)
    }

    fn scaled(&self, style: Style) -> Style {
        style.scaled(self.setting.scale)
    }

    /// Title, basis, outcome and reasons.
    fn head(&mut self, certificate: &Certificate) {
        let statement = &certificate.claims().statement;
        let outcome = statement.outcome.0;
        self.sheet.text(MARGIN, self.y + 5.2, TITLE, rows::title(outcome));
        self.y += 8.0;
        self.y += self.sheet.paragraph((MARGIN, self.y), INNER, SMALL, &rows::basis(statement)) + 2.0;
        if certificate.is_simulation() {
            self.simulation();
        }
        self.outcome(statement);
        for (label, text) in [("Done", rows::deed(statement)), ("Worth", rows::worth(outcome).to_owned())] {
            self.sheet.text(MARGIN, self.y + 2.5 * self.setting.scale, self.scaled(STRONG), label);
            let lines = self.setting.lines.saturating_mul(2);
            let (height, is_cut) = self.text((MARGIN + 14.0, self.y), INNER - 14.0, BODY, &text, lines);
            self.y += height + 0.8;
            if is_cut {
                self.rest.push(Section { heading: label, rows: vec![("", text)] });
            }
        }
        self.sheet.text(MARGIN, self.y + 3.0, HEADING, "Because");
        self.y += 4.4;
        let reasons = statement.reasons.iter().map(|because| rows::sentence(&because.0.to_string())).collect();
        self.sentences("Because", reasons);
        self.y += 1.6;
    }

    fn simulation(&mut self) {
        let style = Style::new(Face::Bold, 12.0, Ink::BLACK);
        self.sheet.frame(Area(MARGIN, self.y, INNER, 9.0), 2.0, Ink::BLACK);
        let words = "SIMULATED: no drive was erased. This proves nothing.";
        self.sheet.text(MARGIN + 4.0, self.y + 6.0, style, words);
        self.y += 11.0;
    }

    /// The word, so that it cannot be taken for another one in black and white either: good ones are framed on white, the others stand
    /// white on a dark bar.
    fn outcome(&mut self, statement: &Statement) {
        let outcome = statement.outcome.0;
        let ink = match outcome {
            Outcome::Purged | Outcome::Cleared => Ink(0.0, 0.42, 0.2),
            Outcome::NotErased => Ink(0.72, 0.06, 0.06),
            Outcome::Indeterminate => Ink(0.72, 0.42, 0.0),
        };
        let height = 15.0;
        let bar = Area(MARGIN, self.y, INNER, height);
        let on_bar = if outcome.is_good() {
            self.sheet.frame(bar, 2.2, ink);
            ink
        } else {
            self.sheet.fill(bar, ink);
            Ink::WHITE
        };
        let word = Style::new(Face::Bold, 20.0, on_bar);
        let words = Style::new(Face::Bold, 9.0, on_bar);
        self.sheet.text(MARGIN + 4.0, self.y + 8.0, word, &outcome.to_string());
        self.sheet.text(MARGIN + 4.0, self.y + 12.8, words, rows::meaning(statement));
        self.y += height + 2.4;
    }

    /// Sentences with a dash each; from the last that there is room for on they are on the next page.
    fn sentences(&mut self, heading: &'static str, all: Vec<String>) {
        let shown = if all.len() > self.setting.rows { self.setting.rows - 1 } else { all.len() };
        let mut is_cut = shown < all.len();
        let more = is_cut.then(|| format!("and {} more{MORE}", all.len() - shown));
        for text in all.iter().take(shown).chain(&more) {
            self.sheet.text(MARGIN, self.y + 2.5 * self.setting.scale, self.scaled(BODY), "–");
            let (height, cut) = self.text((MARGIN + 3.0, self.y), INNER - 3.0, BODY, text, self.setting.lines);
            self.y += height + 0.6;
            is_cut |= cut;
        }
        if is_cut {
            self.rest
                .push(Section { heading, rows: all.into_iter().map(|text| ("", format!("– {text}"))).collect() });
        }
    }

    /// Two columns of sections, beside each other; the hidden areas, of which there may be few or many, in the shorter one.
    fn columns(&mut self, certificate: &Certificate) {
        let statement = &certificate.claims().statement;
        let top = self.y;
        let columns = [(rows::left(statement), MARGIN), (rows::right(certificate), MARGIN + COLUMN + GAP)];
        let [(left, left_x), (right, right_x)] = columns.map(|(sections, x)| {
            let end = sections.into_iter().fold(top, |y, section| self.section((x, y), section));
            (end, x)
        });
        let hidden = rows::hidden(statement);
        self.y = if left < right {
            self.section((left_x, left), hidden).max(right)
        } else {
            self.section((right_x, right), hidden).max(left)
        } + 0.4;
    }

    /// Gives where it ends.
    fn section(&mut self, (x, top): (f32, f32), section: Section) -> f32 {
        self.sheet.text(x, top + 2.9, HEADING, section.heading);
        self.sheet.rule(x, top + 3.9, COLUMN, 0.4, Ink::RULE);
        let mut y = top + 4.6;
        let shown = if self.setting.exceptions == Exceptions::Above { section.clone() } else { section.brief() };
        let fitting = if shown.rows.len() > self.setting.rows { self.setting.rows - 1 } else { shown.rows.len() };
        let mut is_cut = fitting < shown.rows.len();
        let more = is_cut.then(|| format!("and {} more{MORE}", shown.rows.len() - fitting));
        let more = more.iter().map(|text| ("", text.as_str()));
        for (label, text) in shown.labelled().take(fitting).chain(more) {
            let labels = self.scaled(LABELS);
            self.sheet.paragraph((x, y), LABEL, labels, label);
            let style = style_of(label, text);
            let (height, cut) = self.text((x + LABEL, y), COLUMN - LABEL, style, text, self.setting.lines);
            y += height.max(labels.leading());
            is_cut |= cut;
        }
        if is_cut {
            self.rest.push(section);
        }
        y + 1.7
    }

    /// What the outcome does not cover; the sentences if they are to stand beside the QR code.
    fn exceptions(&mut self, statement: &Statement) -> Option<Vec<String>> {
        let heading = rows::uncovered(statement.outcome.0);
        let all: Vec<String> = statement.exceptions.iter().map(|exception| exception.0.to_string()).collect();
        let texts = if all.is_empty() { vec!["No exception is recorded.".to_owned()] } else { all };
        match self.setting.exceptions {
            Exceptions::Above => {
                self.sheet.text(MARGIN, self.y + 2.9, HEADING, heading);
                self.y += 4.4;
                self.sentences(heading, texts);
                None
            }
            Exceptions::Beside => Some(texts),
            Exceptions::Brief => {
                let names: Vec<&str> = statement.exceptions.iter().map(|one| rows::exception(&one.0)).collect();
                self.rest
                    .push(Section {
                        heading, rows: texts.into_iter().map(|text| ("", format!("– {text}"))).collect()
                    });
                Some(vec![format!("{} In full on page 2.", rows::sentence(&names.join("; ")))])
            }
        }
    }

    /// A text of at most so many lines; its height, and whether it was cut.
    fn text(&mut self, at: (f32, f32), width: f32, style: Style, text: &str, lines: usize) -> (f32, bool) {
        let style = self.scaled(style);
        match self.sheet.cut(width, style, text, lines, MORE) {
            None => (self.sheet.paragraph(at, width, style, text), false),
            Some(cut) => (self.sheet.paragraph(at, width, style, &cut), true),
        }
    }
}
