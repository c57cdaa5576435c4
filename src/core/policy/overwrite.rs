//! What a policy says about the passes of an overwrite.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Coverage, Policy, PolicyError, Rule};
use crate::pattern::Pattern;
use crate::scheme::{self, Element};

/// An overwrite scheme of a policy's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// The name that rules know it by.
    pub name: String,
    /// Its passes, in order.
    #[serde(deserialize_with = "passes")]
    pub passes: Vec<Element>,
    /// How much is to be read back after the last pass. A rule that names another coverage may ask for more, not for less.
    #[serde(default)]
    pub verify: Option<Coverage>,
}

/// How a drive is overwritten, and how much of it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overwrite {
    /// The scheme's name, if there is one.
    pub scheme: Option<String>,
    /// The passes, in order.
    pub passes: Vec<Element>,
    /// How much is read back.
    pub verify: Coverage,
}

fn passes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Element>, D::Error> {
    let passes = Vec::deserialize(from)?;
    scheme::check(&passes).map_err(serde::de::Error::custom)?;
    Ok(passes)
}

impl Policy {
    /// What a rule says of the overwrite; without one, a random pass and every block read back.
    pub fn overwrite(&self, rule: Option<&Rule>) -> Overwrite {
        let named = rule.and_then(|rule| rule.scheme.as_deref()).and_then(|name| self.passes_of(name));
        let (passes, wanted) = named.unwrap_or_else(|| {
            let pattern = rule.and_then(|rule| rule.pattern).unwrap_or(Pattern::Random);
            (Vec::from([Element::Write(pattern)]), None)
        });
        let verify = rule.and_then(|rule| rule.verify).or(wanted).unwrap_or(Coverage::Full);
        Overwrite { scheme: rule.and_then(|rule| rule.scheme.clone()), passes, verify }
    }

    /// The passes of the scheme with this name and how much it wants read back.
    fn passes_of(&self, name: &str) -> Option<(Vec<Element>, Option<Coverage>)> {
        let own = self.schemes.iter().find(|own| own.name == name).map(|own| (own.passes.clone(), own.verify));
        own.or_else(|| scheme::named(name).map(|scheme| (scheme.passes.to_vec(), scheme.verify)))
    }

    /// That every scheme has a name of its own, and every rule names one that there is and asks for no less than that.
    pub(super) fn check_schemes(&self) -> Result<(), PolicyError> {
        for (index, own) in self.schemes.iter().enumerate() {
            let name = &own.name;
            let is_taken = self.schemes.iter().take(index).any(|before| before.name == *name);
            if name.is_empty() || is_taken || scheme::named(name).is_some() {
                let problem = format!("the name of scheme \"{name}\" is empty or taken: expected one of its own");
                return Err(PolicyError::of(problem));
            }
        }
        self.rules.iter().try_for_each(|rule| self.check_rule(rule))
    }

    fn check_rule(&self, rule: &Rule) -> Result<(), PolicyError> {
        let Some(wanted) = &rule.scheme else { return Ok(()) };
        let name = &rule.name;
        if rule.pattern.is_some() {
            let problem = format!("rule \"{name}\" has both `pattern` and `scheme`: expected one of them");
            return Err(PolicyError::of(problem));
        }
        let Some((_, verify)) = self.passes_of(wanted) else {
            let own = self.schemes.iter().map(|own| own.name.as_str());
            let known: Vec<&str> = scheme::TABLE.iter().map(|scheme| scheme.name).chain(own).collect();
            let known = known.join(", ");
            let problem = format!("rule \"{name}\" names an unknown scheme \"{wanted}\": expected one of {known}");
            return Err(PolicyError::of(problem));
        };
        if let (Some(Coverage::Sample | Coverage::Tenth), Some(Coverage::Full)) = (rule.verify, verify) {
            let problem = format!(
                "rule \"{name}\" has only a part read back, and scheme \"{wanted}\" wants all: expected `verify = \"full\"` or none"
            );
            return Err(PolicyError::of(problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const OWN: &str = r#"
        [[rule]]
        name = "all"
        action = "purge"
        scheme = "house rule"
        [[scheme]]
        name = "house rule"
        passes = ["zeros", "ones", "random", "random-byte", "complement", "0x924924"]
        verify = "sample"
    "#;

    #[test]
    fn a_rule_names_a_scheme_of_the_policy() {
        let policy = Policy::parse(OWN).unwrap();
        let overwrite = policy.overwrite(policy.rules.first());
        let passes: Vec<String> = overwrite.passes.iter().map(ToString::to_string).collect();
        assert_eq!(passes, ["zeros", "ones", "random", "random-byte", "complement", "0x924924"]);
        assert_eq!((overwrite.scheme.as_deref(), overwrite.verify), (Some("house rule"), Coverage::Sample));
    }

    #[test]
    fn a_rule_names_a_scheme_of_the_table() {
        let policy = Policy::parse("[[rule]]\nname = 'x'\naction = 'purge'\nscheme = 'hmg-is5-enhanced'").unwrap();
        let overwrite = policy.overwrite(policy.rules.first());
        assert_eq!(scheme::list(&overwrite.passes), "zeros, ones, random");
        assert_eq!(overwrite.verify, Coverage::Full);
    }

    #[test]
    fn without_a_rule_one_random_pass_is_written_and_read_back() {
        let overwrite = Policy::default().overwrite(None);
        assert_eq!((scheme::list(&overwrite.passes).as_str(), overwrite.verify), ("random", Coverage::Full));
    }

    #[test]
    fn mistakes_are_named() {
        let rule = |words: &str| format!("[[rule]]\nname = 'x'\naction = 'purge'\n{words}");
        let own = |words: &str| format!("[[scheme]]\nname = 'mine'\n{words}");
        for (file, said) in [
            (rule("scheme = 'dod'"), "rule \"x\" names an unknown scheme \"dod\": expected one of nist-clear, "),
            (rule("scheme = 'gutmann'\npattern = 'zeros'"), "has both `pattern` and `scheme`"),
            (
                rule("scheme = 'dod-short'\nverify = 'sample'"),
                "scheme \"dod-short\" wants all: expected `verify = \"full\"`",
            ),
            (own("passes = []"), "line 3 (`passes = []`): a scheme of 0 passes: expected 1 to 64"),
            (
                own("passes = ['complement']"),
                "pass 1 is the complement of no fixed pattern: expected one that is not random",
            ),
            (own("passes = ['zeros', 'random', 'complement']"), "pass 3 is the complement of no fixed pattern"),
            (own("passes = ['zero']"), "\"random-byte\" or \"complement\""),
            (own("passes = ['0x0102030405']"), "one to four bytes"),
            (own("passes = ['zeros']\nrounds = 3"), "unknown field `rounds`"),
            (own("verify = 'full'"), "missing field `passes`"),
            (own("passes = ['zeros']\n[[scheme]]\nname = 'mine'\npasses = ['ones']"), "\"mine\" is empty or taken"),
            ("[[scheme]]\nname = 'gutmann'\npasses = ['zeros']".into(), "\"gutmann\" is empty or taken"),
        ] {
            let error = Policy::parse(&file).unwrap_err().to_string();
            assert!(error.contains(said), "{file}: {error}");
            assert!(
                error.ends_with("Correct the policy file; until then nothing is erased without the operator"),
                "{error}"
            );
        }
        let many = own(&format!("passes = [{}]", "'zeros', ".repeat(65)));
        assert!(Policy::parse(&many).unwrap_err().to_string().contains("a scheme of 65 passes"));
    }
}
