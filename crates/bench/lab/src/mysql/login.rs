//! The login: greeting, the client's response, the password check.

use std::io;

use clap::ValueEnum;
use mysql_common::collations::CollationId;
use mysql_common::constants::{CapabilityFlags, StatusFlags};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{
    AuthMoreData, AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse,
};
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::{BoxedUint, PrivateKey};
use rustix::rand::{GetRandomFlags, getrandom};
use sha1::Sha1;

use super::{Session, USER, VERSION, error};
use crate::fault::Moment;

/// How a client proves that it knows the password.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Auth {
    /// mysql_native_password: every client knows it
    Native,
    /// caching_sha2_password, as if the password was in the server's cache already
    Sha2,
    /// caching_sha2_password as after a restart of the server: it asks for the password itself, encrypted with RSA
    Sha2Full,
}

/// The server's capabilities. Without CLIENT_CONNECT_ATTRS clients need not describe themselves, and
/// without CLIENT_SSL they send no passwords in clear text.
const CAPABILITIES: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF);

/// The messages of caching_sha2_password: the scramble was right, no more is needed; the password itself is needed; and
/// a client's request for the public key.
const FAST_AUTH_SUCCESS: [u8; 1] = [3];
const FULL_AUTH: [u8; 1] = [4];
const PUBLIC_KEY_REQUEST: [u8; 1] = [2];

/// The random bytes that a client's proof depends on.
type Scramble = [u8; 20];

impl Session<'_> {
    /// Lets the client log in, or refuses it.
    pub async fn log_in(&mut self) -> io::Result<()> {
        let lab = self.connection.lab.clone();
        let (password, auth) = (lab.password.as_str(), lab.args.auth);
        let plugin = match auth {
            Auth::Native => AuthPlugin::MysqlNativePassword,
            Auth::Sha2 | Auth::Sha2Full => AuthPlugin::CachingSha2Password,
        };
        // Printable characters only, as MySQL's: clients take a zero byte for the end.
        let scramble: Scramble = random()?.map(|byte| b'0' + byte % 64);
        let default_plugin = lab.args.default_plugin.as_deref();
        self.put(&greeting(default_plugin.map_or(plugin.as_bytes(), str::as_bytes), &scramble));
        self.flush_at(Moment::Accept).await?;

        self.next_packet().await?;
        // The fields of the packet depend on the capabilities that client and server share; the parser looks at the
        // client's.
        if let Some(flags) = self.packet.first_chunk_mut() {
            *flags = (u32::from_le_bytes(*flags) & CAPABILITIES.bits()).to_le_bytes();
        }
        let packet = std::mem::take(&mut self.packet);
        let response = ParseBuf(&packet).parse::<HandshakeResponse<'_>>(()).ok();
        let capable = |response: &HandshakeResponse<'_>| {
            response.capabilities().contains(CapabilityFlags::CLIENT_PROTOCOL_41)
        };
        let Some(response) = response.filter(capable) else {
            return Err(self.refuse(error(1043, b"08S01", "Bad handshake")).await);
        };
        self.capabilities = response.capabilities();

        let mut proof = response.scramble_buf().to_vec();
        if *response.auth_plugin().unwrap_or(&AuthPlugin::MysqlNativePassword) != plugin {
            let data = [&scramble[..], &[0]].concat();
            self.put(&AuthSwitchRequest::new(plugin.as_bytes().to_vec(), data));
            self.flush_at(Moment::Login).await?;
            self.next_packet().await?;
            proof.clone_from(&self.packet);
        }
        let is_proof_good = match auth {
            Auth::Sha2Full => self.asks_for_password(password, &scramble).await?,
            _ => plugin.gen_data(Some(password), &scramble).is_some_and(|expected| *expected == proof[..]),
        };
        let user = response.user();
        if user != USER.as_bytes() || !is_proof_good {
            let (user, using) = (String::from_utf8_lossy(user), if proof.is_empty() { "NO" } else { "YES" });
            let message = format!("Access denied for user '{user}'@'localhost' (using password: {using})");
            return Err(self.refuse(error(1045, b"28000", message)).await);
        }
        if auth == Auth::Sha2 {
            self.put(&AuthMoreData::new(&FAST_AUTH_SUCCESS[..]));
        }
        self.put_ok();
        self.flush_at(Moment::Login).await
    }

    /// Asks for the password itself, encrypted with RSA, and returns whether it is right.
    async fn asks_for_password(&mut self, password: &str, scramble: &Scramble) -> io::Result<bool> {
        let key = key().map_err(io::Error::other)?;
        self.put(&AuthMoreData::new(&FULL_AUTH[..]));
        self.flush_at(Moment::Login).await?;
        self.next_packet().await?;
        if self.packet == PUBLIC_KEY_REQUEST {
            let pem = key.as_public_key().to_public_key_pem(LineEnding::LF).map_err(io::Error::other)?;
            self.put(&AuthMoreData::new(pem.into_bytes()));
            self.flush_at(Moment::Login).await?;
            self.next_packet().await?;
        }
        let decrypted = key.oaep_decrypt::<Sha1>(&self.packet).unwrap_or_default();
        let decrypted = decrypted.iter().zip(scramble.iter().cycle()).map(|(byte, scramble)| byte ^ scramble);
        Ok(decrypted.eq([password.as_bytes(), &[0]].concat()))
    }
}

fn greeting<'a>(plugin: &[u8], scramble: &Scramble) -> HandshakePacket<'a> {
    let (first, second) = (scramble[..8].try_into().unwrap_or_default(), &scramble[8..]);
    HandshakePacket::new(
        10,
        VERSION.as_bytes(),
        1, // nobody asks for a connection by its number
        first,
        Some([second, &[0]].concat()),
        CAPABILITIES,
        CollationId::UTF8MB4_GENERAL_CI as u8,
        StatusFlags::SERVER_STATUS_AUTOCOMMIT,
        Some(plugin.to_vec()),
    )
}

/// The primes of [`key`], most significant digits first.
#[rustfmt::skip]
const PRIMES: [[u64; 16]; 2] = [[
    0xe3d0_513d_d156_9046, 0xdd50_fbb1_021d_8e30, 0x352e_067b_8d64_7660, 0x6ba1_d9ed_a635_6096,
    0x27ef_0be8_8e89_8d41, 0xa90a_a16f_4499_defd, 0x7cc0_a2e9_c1e8_6125, 0xb823_a664_d362_81ef,
    0xb21f_c5a8_b75a_0a31, 0x280a_65cd_1b3a_0994, 0x0f89_b8cf_df95_6bbd, 0xa6a2_535c_dedf_858b,
    0xbefc_35af_bcb8_b6c1, 0x7989_e3a0_ddeb_9a61, 0x6d91_1c61_e39c_dd4b, 0x6b07_c8eb_70cb_832d,
], [
    0xe762_058c_ca84_d5dc, 0xd5ee_38f6_0a82_3b91, 0x24e2_2a92_3754_c0ca, 0x0346_24c9_f1b1_e3af,
    0xbe20_43fc_d11c_30f9, 0x5374_6dce_2416_97e3, 0x73dd_889c_816c_5bc3, 0xdc0f_d6a6_db63_3dc7,
    0x74bf_f167_dded_00f6, 0x8208_1e1b_22de_1e7d, 0x6c4d_6477_a42d_7719, 0x7081_c843_cd74_863e,
    0x122f_59c3_7aa7_565f, 0xe600_06c1_071d_fdfc, 0x81e6_b203_981c_ca30, 0x1936_148b_6294_4d27,
]];

/// The same key for every login, because making one takes seconds in a debug build. It protects nothing: the password
/// crosses loopback only and is another one every start.
fn key() -> rsa::Result<PrivateKey> {
    let primes = PRIMES.map(|prime| BoxedUint::from_be_slice_vartime(&prime.map(u64::to_be_bytes).concat()));
    PrivateKey::from_primes(primes.into(), BoxedUint::from(65_537_u32))
}

pub fn random<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(bytes)
}
