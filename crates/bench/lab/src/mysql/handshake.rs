//! The login: greeting, the client's response, the password check.

use clap::ValueEnum;
use mysql_common::collations::CollationId;
use mysql_common::constants::{CapabilityFlags, StatusFlags};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{
    AuthMoreData, AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse,
};
use mysql_common::scramble::{scramble_native, scramble_sha256};
use rustix::rand::{GetRandomFlags, getrandom};

use super::answer::{DATABASE, SqlError, USER, VERSION};
use super::wire::{Connection, End};

/// How a client proves that it knows the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// mysql_native_password: every client knows it
    Native,
    /// caching_sha2_password, as if the password was in the server's cache already
    Sha2,
}

/// What the server can do. Without CLIENT_CONNECT_ATTRS clients need not describe themselves, and
/// without CLIENT_SSL they send no passwords in clear text.
const CAPABILITIES: CapabilityFlags = CapabilityFlags::CLIENT_LONG_PASSWORD
    .union(CapabilityFlags::CLIENT_FOUND_ROWS)
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_PROTOCOL_41)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF);

/// caching_sha2_password's "the scramble was right, no more is needed".
const FAST_AUTH_SUCCESS: [u8; 1] = [3];

/// The random bytes that a client's proof depends on.
type Scramble = [u8; 20];

/// Lets the client log in, or refuses it.
pub async fn serve(connection: &mut Connection<'_>, id: u32, auth: Auth, password: &str) -> Result<(), End> {
    let scramble = random_scramble()?;
    connection.put(&greeting(id, &scramble, auth));
    connection.flush().await?;

    let packet = connection.next_packet().await?;
    // What client and server have in common decides what the packet holds, and the parser looks
    // only at what the client says.
    if let Some(flags) = packet.first_chunk_mut() {
        *flags = (u32::from_le_bytes(*flags) & CAPABILITIES.bits()).to_le_bytes();
    }
    let response: HandshakeResponse<'_> = ParseBuf(packet).parse(()).map_err(|_| bad_handshake())?;
    let capabilities = response.capabilities();
    if !capabilities.contains(CapabilityFlags::CLIENT_PROTOCOL_41) {
        return Err(bad_handshake());
    }
    let user = String::from_utf8_lossy(response.user()).into_owned();
    let database = check_database(response.db_name());
    let plugin = response.auth_plugin().unwrap_or(&AuthPlugin::MysqlNativePassword);
    // The proof, or nothing when the client has used another plugin.
    let proof = (*plugin == auth.plugin()).then(|| response.scramble_buf().to_vec());
    connection.capabilities = capabilities;

    let proof = match proof {
        Some(proof) => proof,
        None => {
            let data = [&scramble[..], &[0]].concat();
            connection.put(&AuthSwitchRequest::new(auth.plugin().as_bytes().to_vec(), data));
            connection.flush().await?;
            connection.next_packet().await?.to_vec()
        }
    };
    if user != USER || !auth.accepts(&proof, &scramble, password) {
        let using = if proof.is_empty() { "NO" } else { "YES" };
        return Err(End::Refused(SqlError::new(
            1045,
            b"28000",
            format!("Access denied for user '{user}'@'localhost' (using password: {using})"),
        )));
    }
    database.map_err(End::Refused)?;
    if auth == Auth::Sha2 {
        connection.put(&AuthMoreData::new(&FAST_AUTH_SUCCESS[..]));
    }
    connection.put_ok();
    connection.flush().await
}

/// Whether a client may use a database; it need not name one.
pub fn check_database(name: Option<&[u8]>) -> Result<(), SqlError> {
    match name.map(String::from_utf8_lossy) {
        Some(name) if !name.is_empty() && name != DATABASE => {
            Err(SqlError::new(1049, b"42000", format!("Unknown database '{name}'")))
        }
        _ => Ok(()),
    }
}

fn greeting<'a>(id: u32, scramble: &Scramble, auth: Auth) -> HandshakePacket<'a> {
    let (first, second) = (scramble[..8].try_into().unwrap_or_default(), &scramble[8..]);
    HandshakePacket::new(
        10,
        VERSION.as_bytes(),
        id,
        first,
        Some([second, &[0]].concat()),
        CAPABILITIES,
        CollationId::UTF8MB4_GENERAL_CI as u8,
        StatusFlags::SERVER_STATUS_AUTOCOMMIT,
        Some(auth.plugin().as_bytes().to_vec()),
    )
}

/// Printable characters only, as MySQL's: clients take a zero byte for the end.
fn random_scramble() -> Result<Scramble, End> {
    let mut scramble = [0; 20];
    getrandom(&mut scramble, GetRandomFlags::empty()).map_err(|_| End::Closed)?;
    Ok(scramble.map(|byte| b'0' + byte % 64))
}

fn bad_handshake() -> End {
    End::Refused(SqlError::new(1043, b"08S01", "Bad handshake"))
}

impl Auth {
    fn plugin(self) -> AuthPlugin<'static> {
        match self {
            Self::Native => AuthPlugin::MysqlNativePassword,
            Self::Sha2 => AuthPlugin::CachingSha2Password,
        }
    }

    /// Whether the proof is made from this scramble and this password.
    fn accepts(self, proof: &[u8], scramble: &Scramble, password: &str) -> bool {
        let password = password.as_bytes();
        match self {
            Self::Native => scramble_native(scramble, password).is_some_and(|good| good == proof),
            Self::Sha2 => scramble_sha256(scramble, password).is_some_and(|good| good == proof),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAMBLE: &Scramble = b"0123456789abcdefghij";

    /// Computed from the plugins' definitions with Python's hashlib.
    const PROOFS: [(Auth, &str); 2] = [
        (Auth::Native, "f5cac3f3b3df2133feb57db682c71e6ed433a988"),
        (Auth::Sha2, "7e4adda2f2d5ef09b4147518becb0cee2939376203650a8c2bb2815959364bd0"),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn accepts_the_right_proof_only() {
        for (auth, proof) in PROOFS {
            let mut proof = bytes(proof);
            assert!(auth.accepts(&proof, SCRAMBLE, "secret"), "{auth:?}");
            assert!(!auth.accepts(&proof, SCRAMBLE, "secreu"), "{auth:?}");
            assert!(!auth.accepts(&proof, b"0123456789abcdefghik", "secret"), "{auth:?}");
            assert!(!auth.accepts(&[], SCRAMBLE, "secret"), "{auth:?}");
            assert!(!auth.accepts(&proof[1..], SCRAMBLE, "secret"), "{auth:?}");
            proof[0] ^= 1;
            assert!(!auth.accepts(&proof, SCRAMBLE, "secret"), "{auth:?}");
        }
    }

    #[test]
    fn scrambles_differ_and_hold_no_zero() {
        let (Ok(one), Ok(other)) = (random_scramble(), random_scramble()) else {
            panic!("no random bytes");
        };
        assert_ne!(one, other);
        assert!(one.iter().chain(&other).all(|byte| byte.is_ascii_graphic()));
    }
}
