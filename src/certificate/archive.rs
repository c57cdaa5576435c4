//! What makes a PDF one for archives: PDF/A-3b (ISO 19005-3), which anybody can still read as it was in decades.

use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary};
use purgeproof_core::evidence::hex;

use crate::civil::Civil;
use crate::font::Face;
use crate::icc;
use crate::pdf::PdfError;

/// What a document says about itself: nothing of it is from a clock or a counter.
pub(crate) struct Title {
    /// ASCII.
    pub(crate) text: String,
    /// When what it shows was issued.
    pub(crate) unix_s: u64,
    /// Its identifier, which two documents never share unless they show the same.
    pub(crate) id: [u8; 32],
}

/// Who makes the PDF. `purgeproof verify` compares pages with its own only if they were made by the same version.
pub(crate) const PRODUCER: &str = concat!("PurgeProof ", env!("CARGO_PKG_VERSION"));

impl Title {
    /// The date in the form of PDF (ISO 32000-1 §7.9.4).
    pub(crate) fn date(&self) -> Object {
        text(&Civil::of(self.unix_s).pdf())
    }

    /// Gives a document its names, dates and colours.
    pub(crate) fn describe(&self, document: &mut Document) -> Result<(), PdfError> {
        document.objects.values_mut().for_each(name_subsets);
        let info = dictionary! {
            "Title" => text(&self.text),
            "Producer" => text(PRODUCER),
            "CreationDate" => self.date(),
            "ModDate" => self.date(),
        };
        let id = document.trailer.get(b"Info").and_then(Object::as_reference).map_err(|_| PdfError::Structure)?;
        document.set_object(id, info);
        let identifier = text(hex(&self.id).get(..32).unwrap_or_default());
        document.trailer.set("ID", vec![identifier.clone(), identifier]);
        let packet = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
        let packet = document.add_object(Stream::new(packet, self.xmp().into_bytes()).with_compression(false));
        let profile = document.add_object(Stream::new(dictionary! { "N" => 3 }, icc::srgb()).with_compression(false));
        let intent = dictionary! {
            "Type" => "OutputIntent",
            "S" => "GTS_PDFA1",
            "OutputConditionIdentifier" => text("sRGB"),
            "Info" => text("sRGB IEC 61966-2-1"),
            "DestOutputProfile" => profile,
        };
        let catalog = document.catalog_mut().map_err(|_| PdfError::Structure)?;
        catalog.set("Metadata", packet);
        catalog.set("OutputIntents", vec![Object::from(intent)]);
        catalog.set("Lang", text("en"));
        catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
        Ok(())
    }

    /// The same as an XMP packet (ISO 16684-1), with the claim to be PDF/A. All of it is in schemas that PDF/A knows.
    fn xmp(&self) -> String {
        let (title, date) = (escaped(&self.text), Civil::of(self.unix_s).iso());
        format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">
<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{date}</xmp:CreateDate>
<xmp:ModifyDate>{date}</xmp:ModifyDate>
<pdf:Producer>{PRODUCER}</pdf:Producer>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end=\"r\"?>"
        )
    }
}

/// A subset of a font is known by six capitals before its name (ISO 32000-1 §9.6.4). printpdf puts its own name of the font there.
fn name_subsets(object: &mut Object) {
    match object {
        Object::Dictionary(dictionary) => name_subset(dictionary),
        Object::Array(array) => array.iter_mut().for_each(name_subsets),
        _ => {}
    }
}

fn name_subset(dictionary: &mut Dictionary) {
    for (key, value) in dictionary.iter_mut() {
        match value {
            Object::Name(name) if matches!(key.as_slice(), b"BaseFont" | b"FontName") => {
                let face = Face::ALL.into_iter().find(|face| name.ends_with(face.name().as_bytes()));
                *name =
                    face.map_or_else(|| name.clone(), |face| format!("{}+{}", face.tag(), face.name()).into_bytes());
            }
            value => name_subsets(value),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A string of ASCII, which every text string of ours is.
pub(crate) fn text(text: &str) -> Object {
    Object::String(text.as_bytes().to_vec(), StringFormat::Literal)
}
