//! From the server's greeting to its yes.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};
use mysql_common::constants::CapabilityFlags;
use mysql_common::packets::{
    AuthPlugin, AuthPluginData, AuthSwitchRequest, HandshakePacket, HandshakeResponse,
};
use mysql_common::{crypto, io::ParseBuf, proto::MySerialize};

use crate::session::Step;

/// The server's version decides on nothing here but utf8mb4, which all have since 2010; parsing it takes a regex.
const UTF8MB4_SINCE: (u16, u16, u16) = (5, 5, 3);

/// caching_sha2_password: the scramble was right; the server has to see the password itself; we ask for its key.
const SCRAMBLE_RIGHT: u8 = 3;
const PASSWORD_WANTED: u8 = 4;
const KEY_WANTED: u8 = 2;

/// An RSA key of 4096 bits takes 800 bytes. To encrypt with a very long one would take seconds.
const LONGEST_KEY: usize = 1 << 10;

/// A login, and how far it is.
pub struct Login<'a> {
    user: Cow<'a, str>,
    password: Cow<'a, str>,
    database: Cow<'a, str>,
    /// Those of both sides: none before the greeting.
    pub capabilities: CapabilityFlags,
    nonce: Vec<u8>,
    asked_for_key: bool,
}

impl<'a> Login<'a> {
    pub fn new(user: Cow<'a, str>, password: Cow<'a, str>, database: Cow<'a, str>) -> Self {
        let capabilities = CapabilityFlags::empty();
        Self { user, password, database, capabilities, nonce: Vec::new(), asked_for_key: false }
    }

    /// Looks at the next packet, and returns the next step.
    pub fn take(&mut self, packet: &[u8]) -> Result<Step> {
        if self.capabilities.is_empty() {
            return self.greeted(packet);
        }
        match packet {
            [0x00, ..] => Ok(Step::Done),
            [0x01, SCRAMBLE_RIGHT] => Ok(Step::Receive),
            [0x01, PASSWORD_WANTED] => {
                self.asked_for_key = true;
                Ok(Step::Send(vec![KEY_WANTED]))
            }
            [0x01, key @ ..] if self.asked_for_key => Ok(Step::Send(self.encrypt(key)?)),
            [0xfe] => bail!("the server wants mysql_old_password, which is not built in"),
            [0xfe, ..] => {
                let switch: AuthSwitchRequest = ParseBuf(packet).parse(())?;
                self.nonce = switch.plugin_data().to_vec();
                let proof = self.proof(&switch.auth_plugin())?;
                Ok(Step::Send(proof.map(|proof| proof.to_vec()).unwrap_or_default()))
            }
            _ => bail!("an unexpected answer to the login"),
        }
    }

    fn greeted(&mut self, packet: &[u8]) -> Result<Step> {
        let greeting: HandshakePacket = ParseBuf(packet).parse(())?;
        self.nonce = greeting.nonce();
        self.capabilities = greeting.capabilities()
            & (CapabilityFlags::CLIENT_PROTOCOL_41
                | CapabilityFlags::CLIENT_SECURE_CONNECTION
                | CapabilityFlags::CLIENT_PLUGIN_AUTH
                | CapabilityFlags::CLIENT_CONNECT_WITH_DB
                | CapabilityFlags::CLIENT_MULTI_RESULTS
                | CapabilityFlags::CLIENT_DEPRECATE_EOF);
        ensure!(
            self.capabilities.contains(CapabilityFlags::CLIENT_PROTOCOL_41),
            "the server is older than MySQL 4.1"
        );
        // The server's default need not be the account's: if it is unknown here, the server switches to that.
        let plugin = match greeting.auth_plugin() {
            Some(plugin @ (AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519)) => plugin,
            _ => AuthPlugin::MysqlNativePassword,
        };
        let proof = self.proof(&plugin)?;
        let response = HandshakeResponse::new(
            proof.as_deref(),
            UTF8MB4_SINCE,
            Some(self.user.as_bytes()),
            Some(self.database.as_bytes()).filter(|name| !name.is_empty()),
            Some(plugin),
            self.capabilities,
            None,
            1 << 24,
        );
        let mut payload = Vec::with_capacity(128);
        response.serialize(&mut payload);
        Ok(Step::Send(payload))
    }

    /// Proves that we know the password, without sending it. An empty password needs no proof.
    fn proof(&self, plugin: &AuthPlugin) -> Result<Option<AuthPluginData<'_>>> {
        match plugin {
            AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => {
                Ok(plugin.gen_data(Some(&self.password), &self.nonce))
            }
            other => {
                let name = String::from_utf8_lossy(other.as_bytes());
                bail!("the server wants {name}, which is not built in")
            }
        }
    }

    /// The password under the server's RSA key: this connection has no TLS that would keep it secret.
    fn encrypt(&self, key: &[u8]) -> Result<Vec<u8>> {
        // `crypto::encrypt` panics at anything else, and at less of a nonce.
        let text = str::from_utf8(key).unwrap_or_default().trim_end_matches(['\0', '\n']);
        ensure!(
            text.starts_with("-----BEGIN ") && text.ends_with(" PUBLIC KEY-----") && key.len() <= LONGEST_KEY,
            "the server's RSA key is not in PEM, or too long"
        );
        ensure!(!self.nonce.is_empty(), "the server switched to caching_sha2_password without a nonce");
        let password = self.password.bytes().chain([0]);
        let masked: Vec<u8> = password.zip(self.nonce.iter().cycle()).map(|(a, b)| a ^ b).collect();
        Ok(crypto::encrypt(&masked, key))
    }
}
