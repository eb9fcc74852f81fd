//! What a session may be set to: its mode, its model, how hard it thinks. Agents offer these in two forms, some in both:
//! lists of their own (`modes`, `models`), and options with a category.

use serde_json::{Value, json};

use super::wire::{list, text};

/// Something that a session can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// How much it may do by itself.
    Mode,
    /// Which model answers.
    Model,
    /// How hard it thinks.
    Thinking,
}

impl Setting {
    /// One word for people.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Model => "model",
            Self::Thinking => "reasoning",
        }
    }

    /// The protocol's category of options for it.
    fn category(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Model => "model",
            Self::Thinking => "thought_level",
        }
    }
}

/// What setting something takes.
#[derive(Debug, PartialEq)]
pub(super) enum Way {
    /// It is so already.
    Already,
    /// This request.
    Request {
        /// Its method.
        method: &'static str,
        /// Its parameters.
        params: Value,
    },
    /// It is not offered; these are.
    NotOffered(Vec<String>),
}

/// What a session offers.
#[derive(Debug, Default)]
pub(super) struct Offers {
    settings: Vec<Offer>,
}

#[derive(Debug)]
struct Offer {
    setting: Setting,
    /// The option's id; `None` for the agent's own list.
    option: Option<String>,
    current: Option<String>,
    /// Ids, each with the name that people read.
    values: Vec<(String, String)>,
}

impl Offers {
    /// Takes what an answer to `session/new`, `load`, `resume` or a setting tells.
    pub(super) fn take(&mut self, result: &Value) {
        let lists = [
            (Setting::Mode, &result["modes"], "availableModes", "id"),
            (
                Setting::Model,
                &result["models"],
                "availableModels",
                "modelId",
            ),
        ];
        for (setting, from, values, id) in lists {
            if from.is_object() {
                let current = ["currentModeId", "currentModelId"]
                    .iter()
                    .find_map(|name| text(&from[*name]));
                self.put(Offer {
                    setting,
                    option: None,
                    current: current.map(str::to_owned),
                    values: list(&from[values])
                        .iter()
                        .filter_map(|value| pair(value, id))
                        .collect(),
                });
            }
        }
        for option in list(&result["configOptions"]) {
            let category = text(&option["category"]).unwrap_or_default();
            let setting = [Setting::Mode, Setting::Model, Setting::Thinking]
                .into_iter()
                .find(|setting| setting.category() == category);
            let (Some(setting), Some(id)) = (setting, text(&option["id"])) else {
                continue;
            };
            // Values may stand in groups.
            let values = list(&option["options"])
                .iter()
                .flat_map(|value| match list(&value["options"]) {
                    [] => std::slice::from_ref(value),
                    group => group,
                })
                .filter_map(|value| pair(value, "value"))
                .collect();
            self.put(Offer {
                setting,
                option: Some(id.to_owned()),
                current: text(&option["currentValue"]).map(str::to_owned),
                values,
            });
        }
    }

    fn put(&mut self, offer: Offer) {
        self.settings
            .retain(|known| known.setting != offer.setting || known.option != offer.option);
        self.settings.push(offer);
    }

    /// How to set something; the value may be an id or the name that people read.
    pub(super) fn way(&self, setting: Setting, wanted: &str, session: &str) -> Way {
        let offers = || {
            self.settings
                .iter()
                .filter(move |offer| offer.setting == setting)
        };
        let found = offers().find_map(|offer| {
            let by_id = offer.values.iter().find(|(id, _)| id == wanted);
            let value = by_id.or_else(|| offer.values.iter().find(|(_, name)| name == wanted))?;
            Some((offer, value.0.clone()))
        });
        let Some((offer, value)) = found else {
            let offered = offers()
                .flat_map(|offer| offer.values.iter().map(|(id, _)| id.clone()))
                .collect();
            return Way::NotOffered(offered);
        };
        if offer.current.as_deref() == Some(value.as_str()) {
            return Way::Already;
        }
        let (method, params) = match (&offer.option, setting) {
            (Some(option), _) => (
                "session/set_config_option",
                json!({ "sessionId": session, "configId": option, "value": value }),
            ),
            (None, Setting::Mode) => (
                "session/set_mode",
                json!({ "sessionId": session, "modeId": value }),
            ),
            (None, Setting::Model | Setting::Thinking) => (
                "session/set_model",
                json!({ "sessionId": session, "modelId": value }),
            ),
        };
        Way::Request { method, params }
    }

    /// A setting was taken.
    pub(super) fn set(&mut self, method: &str, params: &Value) {
        for offer in &mut self.settings {
            let value = match (method, &offer.option, offer.setting) {
                ("session/set_mode", None, Setting::Mode) => &params["modeId"],
                ("session/set_model", None, Setting::Model) => &params["modelId"],
                ("session/set_config_option", Some(option), _)
                    if params["configId"] == **option =>
                {
                    &params["value"]
                }
                _ => continue,
            };
            offer.current = text(value).map(str::to_owned);
        }
    }
}

fn pair(value: &Value, id: &str) -> Option<(String, String)> {
    let id = text(&value[id])?;
    let name = text(&value["name"]).unwrap_or(id);
    Some((id.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers() -> Offers {
        let mut offers = Offers::default();
        offers.take(&json!({
            "modes": {"currentModeId": "auto", "availableModes": [{"id": "auto", "name": "Auto"}, {"id": "default", "name": "Ask"}]},
            "models": {"currentModelId": "m1[low]", "availableModels": [{"modelId": "m1[low]", "name": "M1 (low)"}]},
            "configOptions": [
                {"id": "m", "category": "model", "type": "select", "currentValue": "m1",
                 "options": [{"group": "g", "name": "G", "options": [{"value": "m1", "name": "M1"}, {"value": "m2", "name": "M2"}]}]},
                {"id": "effort", "category": "thought_level", "currentValue": "low", "options": [{"value": "high"}]},
                {"id": "x", "category": "weather", "options": []},
            ],
        }));
        offers
    }

    #[test]
    fn each_form_has_its_request() {
        let offers = offers();
        let way = |setting, wanted| offers.way(setting, wanted, "s");
        let request = |method, params| Way::Request { method, params };
        assert_eq!(way(Setting::Mode, "auto"), Way::Already);
        assert_eq!(
            way(Setting::Mode, "Ask"),
            request(
                "session/set_mode",
                json!({"sessionId": "s", "modeId": "default"})
            )
        );
        assert_eq!(
            way(Setting::Model, "m2"),
            request(
                "session/set_config_option",
                json!({"sessionId": "s", "configId": "m", "value": "m2"})
            )
        );
        assert_eq!(way(Setting::Model, "m1[low]"), Way::Already);
        assert_eq!(
            way(Setting::Thinking, "high"),
            request(
                "session/set_config_option",
                json!({"sessionId": "s", "configId": "effort", "value": "high"})
            )
        );
        assert_eq!(
            way(Setting::Thinking, "max"),
            Way::NotOffered(vec!["high".into()])
        );
    }

    #[test]
    fn what_was_set_is_so() {
        let mut offers = offers();
        let Way::Request { method, params } = offers.way(Setting::Mode, "default", "s") else {
            unreachable!("it is offered")
        };
        offers.set(method, &params);
        assert_eq!(offers.way(Setting::Mode, "default", "s"), Way::Already);
    }
}
