//! The pages after the first: one thing under the other, over as many pages as it takes.

use purgeproof_core::evidence::Evidence;

use super::{FOOT, HEADING, INNER, LABEL, LABELS, MARGIN, TITLE, style_of};
use super::{proof, survey as picture};
use crate::Certificate;
use crate::auditor;
use crate::qr::Modules;
use crate::rows::Section;
use crate::sheet::{Ink, Sheet};
use crate::survey;

/// The pages under way and the place where the next thing goes.
pub(super) struct Flow<'a> {
    done: Vec<Sheet<'a>>,
    sheet: Sheet<'a>,
    y: f32,
}

impl<'a> Flow<'a> {
    /// From the second page on.
    pub(super) fn after(front: Sheet<'a>) -> Self {
        let sheet = front.blank();
        Self { done: vec![front], sheet, y: MARGIN }
    }

    pub(super) fn into_sheets(mut self) -> Vec<Sheet<'a>> {
        self.done.push(self.sheet);
        self.done
    }

    /// In full what the first page shortened.
    pub(super) fn rest(&mut self, sections: &[Section], code: Option<&Modules>) {
        if !sections.is_empty() || code.is_some() {
            self.title("What page 1 has no room for");
            if let Some(code) = code {
                proof::draw(&mut self.sheet, code, (MARGIN, self.y));
                self.y += proof::side(code);
            }
            self.sections(sections);
            self.y += 5.0;
        }
    }

    /// What an auditor wants.
    pub(super) fn audit(&mut self, certificate: &Certificate, evidence: Option<&Evidence>) {
        self.room(40.0);
        self.title("For the auditor");
        for (when, survey) in evidence.into_iter().flat_map(survey::surveys) {
            let section = survey::section(when, survey);
            let height = picture::height(survey);
            // The picture stands under its heading, never on the page behind.
            self.room(height + 30.0);
            self.section(&section);
            picture::draw(&mut self.sheet, self.y, survey);
            self.y += height + 2.0;
        }
        self.sections(&auditor::sections(certificate, evidence));
    }

    fn title(&mut self, title: &str) {
        self.sheet.text(MARGIN, self.y + 5.2, TITLE, title);
        self.y += 9.0;
    }

    fn sections(&mut self, sections: &[Section]) {
        for section in sections {
            self.section(section);
        }
    }

    /// Makes room for something of this height, on a new page if need be.
    fn room(&mut self, height: f32) {
        if self.y + height > self.sheet.bottom() - FOOT {
            let blank = self.sheet.blank();
            self.done.push(std::mem::replace(&mut self.sheet, blank));
            self.y = MARGIN;
        }
    }

    /// A section over the whole width, from page to page.
    fn section(&mut self, section: &Section) {
        self.room(12.0);
        self.sheet.text(MARGIN, self.y + 2.9, HEADING, section.heading);
        self.sheet.rule(MARGIN, self.y + 3.9, INNER, 0.4, Ink::RULE);
        self.y += 4.6;
        for (label, text) in section.labelled() {
            let style = style_of(label, text);
            self.room(self.sheet.height(INNER - LABEL, style, text));
            self.sheet.paragraph((MARGIN, self.y), LABEL, LABELS, label);
            let height = self.sheet.paragraph((MARGIN + LABEL, self.y), INNER - LABEL, style, text);
            self.y += height.max(LABELS.leading());
        }
        self.y += 1.7;
    }
}
