//! The part of Keyway's C ABI that this plugin uses, written by hand from the headers keyway/core.h, host.h, content.h and
//! tools.h, under their names. The layout lines at the end are those of keyway/layout.h; a test compares them.

use core::ffi::c_void;
use core::ptr;

pub const KW_SDK: u32 = 1;
pub const KW_MAGIC: u32 = 0x3159_574B;
pub const KW_MUST: u32 = 0x8000_0000;
pub const KW_LANG_RUST: u32 = 4;
pub const KW_CAP_CONCURRENT: u32 = 2;
pub const KW_PART_TEXT: u32 = 1;
pub const KW_HINT_READ_ONLY: u64 = 1;
pub const KW_HINT_IDEMPOTENT: u64 = 4;

pub type kw_status = i32;
pub const KW_OK: kw_status = 0;
pub const KW_CANCELLED: kw_status = 1;
pub const KW_INVALID_ARGUMENT: kw_status = 3;
pub const KW_NOT_FOUND: kw_status = 5;
pub const KW_RESOURCE_EXHAUSTED: kw_status = 8;
pub const KW_INTERNAL: kw_status = 13;
pub const KW_SDK_MISMATCH: kw_status = 103;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kw_hdr {
    pub size: u32,
    pub flags: u32,
}

/// The header of a struct that this side writes.
pub const fn header<T>() -> kw_hdr {
    kw_hdr { size: size_of::<T>() as u32, flags: 0 }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kw_str {
    pub ptr: *const u8,
    pub len: u64,
}

impl kw_str {
    pub const EMPTY: kw_str = kw_str { ptr: ptr::null(), len: 0 };

    /// Static text may go into replies as it is.
    pub const fn of(text: &'static str) -> kw_str {
        if text.is_empty() {
            return Self::EMPTY;
        }
        kw_str { ptr: text.as_ptr(), len: text.len() as u64 }
    }

    /// # Safety
    /// It must be text that the host lent, and `'a` must end before the operation does.
    pub unsafe fn text<'a>(self) -> Option<&'a str> {
        if self.len == 0 {
            return Some("");
        }
        if self.ptr.is_null() || self.len > isize::MAX as u64 {
            return None;
        }
        core::str::from_utf8(unsafe { core::slice::from_raw_parts(self.ptr, self.len as usize) }).ok()
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kw_bytes {
    pub ptr: *const c_void,
    pub len: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kw_span {
    pub ptr: *const c_void,
    pub count: u32,
    pub stride: u32,
}

impl kw_span {
    pub const EMPTY: kw_span = kw_span { ptr: ptr::null(), count: 0, stride: 0 };

    pub const fn of<T>(elements: &'static [T]) -> kw_span {
        kw_span { ptr: elements.as_ptr().cast(), count: elements.len() as u32, stride: size_of::<T>() as u32 }
    }
}

#[repr(C)]
pub struct kw_none {
    pub h: kw_hdr,
}

#[repr(C)]
pub struct kw_error {
    pub h: kw_hdr,
    pub status: kw_status,
    pub vendor_code: i32,
    pub http_status: u32,
    pub retry: u32,
    pub retry_after_ns: i64,
    pub message: kw_str,
    pub details_json: kw_str,
    pub domain: kw_str,
    pub request_id: kw_str,
    pub backtrace: kw_str,
}

pub enum kw_instance {}
pub enum kw_host {}

#[repr(C)]
pub struct kw_call_api {
    pub h: kw_hdr,
    pub alloc: extern "C" fn(call: *mut kw_call, size: u64, align: u64) -> *mut c_void,
    pub fail: extern "C" fn(call: *mut kw_call, error: *const kw_error) -> kw_status,
    pub emit: *const c_void, // no tool of this plugin streams
    pub reply: extern "C" fn(call: *mut kw_call, out: *const c_void) -> kw_status,
}

/// As far as this plugin reads it; the host's is longer.
#[repr(C)]
pub struct kw_call {
    pub h: kw_hdr,
    pub api: *const kw_call_api,
    pub cancelled: *const core::sync::atomic::AtomicU32,
}

pub type operation<I> = extern "C" fn(instance: *mut kw_instance, call: *mut kw_call, input: *const I) -> kw_status;

#[repr(C)]
pub struct kw_iface {
    pub h: kw_hdr,
    pub id: kw_str,
    pub vtable: *const c_void,
}

#[repr(C)]
pub struct kw_create_out {
    pub h: kw_hdr,
    pub instance: *mut kw_instance,
}

#[repr(C)]
pub struct kw_plugin {
    pub h: kw_hdr,
    pub magic: u32,
    pub caps: u32,
    pub sdk_built: u32,
    pub sdk_min: u32,
    pub sdk_max: u32,
    pub max_concurrency: u32,
    pub id: kw_str,
    pub version: kw_str,
    pub ifaces: kw_span,
    pub create: Option<operation<c_void>>,
    pub start: Option<operation<kw_none>>,
    pub configure: Option<operation<c_void>>,
    pub health: Option<operation<kw_none>>,
    pub quiesce: Option<operation<kw_none>>,
    pub destroy: Option<operation<kw_none>>,
    pub notice: Option<operation<c_void>>,
    pub task: Option<operation<c_void>>,
}

#[repr(C)]
pub struct kw_part {
    pub h: kw_hdr,
    pub kind: u32,
    pub flags: u32,
    pub text: kw_str,
    pub id: kw_str,
    pub name: kw_str,
    pub media_type: kw_str,
    pub json: kw_str,
    pub data: kw_bytes,
    pub parts: kw_span,
}

#[repr(C)]
pub struct kw_tool_spec {
    pub h: kw_hdr,
    pub name: kw_str,
    pub title: kw_str,
    pub description: kw_str,
    pub input_schema_json: kw_str,
    pub output_schema_json: kw_str,
    pub examples_json: kw_str,
    pub provider_json: kw_str,
    pub hints: u64,
    pub flags: u64,
}

#[repr(C)]
pub struct kw_tools_out {
    pub h: kw_hdr,
    pub tools: kw_span,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kw_tool_in {
    pub h: kw_hdr,
    pub name: kw_str,
    pub call_id: kw_str,
    pub arguments_json: kw_str,
}

#[repr(C)]
pub struct kw_tool_out {
    pub h: kw_hdr,
    pub parts: kw_span,
    pub structured_json: kw_str,
    pub is_error: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct kw_tools {
    pub h: kw_hdr,
    pub list: operation<kw_none>,
    pub invoke: operation<kw_tool_in>,
}

/// Static tables point only to other static data, and are never written.
pub struct Static<T>(pub T);
unsafe impl<T> Sync for Static<T> {}

/// An ELF note of the owner KWY, with `N` bytes of content, padded to four.
#[repr(C, align(4))]
pub struct Note<const N: usize> {
    namesz: u32,
    descsz: u32,
    kind: u32,
    owner: [u8; 4],
    content: [u8; N],
}

impl<const N: usize> Note<N> {
    const fn new(kind: u32, size: usize, content: [u8; N]) -> Self {
        assert!(N % 4 == 0 && size <= N && N - size < 4);
        Note { namesz: 4, descsz: size as u32, kind, owner: *b"KWY\0", content }
    }

    /// Text and its NUL. N is `note_size(text)`.
    pub const fn text(kind: u32, text: &str) -> Self {
        let mut content = [0; N];
        let mut i = 0;
        while i < text.len() {
            content[i] = text.as_bytes()[i];
            i += 1;
        }
        Self::new(kind, text.len() + 1, content)
    }
}

impl Note<32> {
    pub const fn abi(sdk_min: u32, sdk_max: u32, caps: u32) -> Self {
        let words = [32, 1, KW_SDK, sdk_min, sdk_max, caps, KW_LANG_RUST, KW_SDK];
        let mut content = [0; 32];
        let mut i = 0;
        while i < 32 {
            content[i] = u32::to_le_bytes(words[i / 4])[i % 4];
            i += 1;
        }
        Self::new(KW_NOTE_TYPE_ABI, 32, content)
    }
}

pub const KW_NOTE_TYPE_ABI: u32 = 0x4B57_5901;
pub const KW_NOTE_TYPE_MANIFEST: u32 = 0x4B57_5902;
pub const KW_NOTE_TYPE_IFACE: u32 = 0x4B57_5903;

pub const fn note_size(text: &str) -> usize {
    (text.len() + 1).next_multiple_of(4)
}

macro_rules! KW_SIZE {
    ($type:ident, $size:literal) => {
        const _: () = assert!(size_of::<$type>() == $size);
    };
}
macro_rules! KW_AT {
    ($type:ident, $field:ident, $offset:literal) => {
        const _: () = assert!(core::mem::offset_of!($type, $field) == $offset);
    };
}
KW_SIZE!(kw_hdr, 8);
KW_AT!(kw_hdr, size, 0);
KW_AT!(kw_hdr, flags, 4);
KW_SIZE!(kw_str, 16);
KW_AT!(kw_str, ptr, 0);
KW_AT!(kw_str, len, 8);
KW_SIZE!(kw_bytes, 16);
KW_AT!(kw_bytes, ptr, 0);
KW_AT!(kw_bytes, len, 8);
KW_SIZE!(kw_span, 16);
KW_AT!(kw_span, ptr, 0);
KW_AT!(kw_span, count, 8);
KW_AT!(kw_span, stride, 12);
KW_SIZE!(kw_none, 8);
KW_AT!(kw_none, h, 0);
KW_SIZE!(kw_error, 112);
KW_AT!(kw_error, h, 0);
KW_AT!(kw_error, status, 8);
KW_AT!(kw_error, vendor_code, 12);
KW_AT!(kw_error, http_status, 16);
KW_AT!(kw_error, retry, 20);
KW_AT!(kw_error, retry_after_ns, 24);
KW_AT!(kw_error, message, 32);
KW_AT!(kw_error, details_json, 48);
KW_AT!(kw_error, domain, 64);
KW_AT!(kw_error, request_id, 80);
KW_AT!(kw_error, backtrace, 96);
KW_AT!(kw_call_api, h, 0);
KW_AT!(kw_call_api, alloc, 8);
KW_AT!(kw_call_api, fail, 16);
KW_AT!(kw_call_api, emit, 24);
KW_AT!(kw_call_api, reply, 32);
KW_AT!(kw_call, h, 0);
KW_AT!(kw_call, api, 8);
KW_AT!(kw_call, cancelled, 16);
KW_SIZE!(kw_iface, 32);
KW_AT!(kw_iface, h, 0);
KW_AT!(kw_iface, id, 8);
KW_AT!(kw_iface, vtable, 24);
KW_SIZE!(kw_create_out, 16);
KW_AT!(kw_create_out, h, 0);
KW_AT!(kw_create_out, instance, 8);
KW_SIZE!(kw_plugin, 144);
KW_AT!(kw_plugin, h, 0);
KW_AT!(kw_plugin, magic, 8);
KW_AT!(kw_plugin, caps, 12);
KW_AT!(kw_plugin, sdk_built, 16);
KW_AT!(kw_plugin, sdk_min, 20);
KW_AT!(kw_plugin, sdk_max, 24);
KW_AT!(kw_plugin, max_concurrency, 28);
KW_AT!(kw_plugin, id, 32);
KW_AT!(kw_plugin, version, 48);
KW_AT!(kw_plugin, ifaces, 64);
KW_AT!(kw_plugin, create, 80);
KW_AT!(kw_plugin, start, 88);
KW_AT!(kw_plugin, configure, 96);
KW_AT!(kw_plugin, health, 104);
KW_AT!(kw_plugin, quiesce, 112);
KW_AT!(kw_plugin, destroy, 120);
KW_AT!(kw_plugin, notice, 128);
KW_AT!(kw_plugin, task, 136);
KW_SIZE!(kw_part, 128);
KW_AT!(kw_part, h, 0);
KW_AT!(kw_part, kind, 8);
KW_AT!(kw_part, flags, 12);
KW_AT!(kw_part, text, 16);
KW_AT!(kw_part, id, 32);
KW_AT!(kw_part, name, 48);
KW_AT!(kw_part, media_type, 64);
KW_AT!(kw_part, json, 80);
KW_AT!(kw_part, data, 96);
KW_AT!(kw_part, parts, 112);
KW_SIZE!(kw_tool_spec, 136);
KW_AT!(kw_tool_spec, h, 0);
KW_AT!(kw_tool_spec, name, 8);
KW_AT!(kw_tool_spec, title, 24);
KW_AT!(kw_tool_spec, description, 40);
KW_AT!(kw_tool_spec, input_schema_json, 56);
KW_AT!(kw_tool_spec, output_schema_json, 72);
KW_AT!(kw_tool_spec, examples_json, 88);
KW_AT!(kw_tool_spec, provider_json, 104);
KW_AT!(kw_tool_spec, hints, 120);
KW_AT!(kw_tool_spec, flags, 128);
KW_SIZE!(kw_tools_out, 24);
KW_AT!(kw_tools_out, h, 0);
KW_AT!(kw_tools_out, tools, 8);
KW_SIZE!(kw_tool_in, 56);
KW_AT!(kw_tool_in, h, 0);
KW_AT!(kw_tool_in, name, 8);
KW_AT!(kw_tool_in, call_id, 24);
KW_AT!(kw_tool_in, arguments_json, 40);
KW_SIZE!(kw_tool_out, 48);
KW_AT!(kw_tool_out, h, 0);
KW_AT!(kw_tool_out, parts, 8);
KW_AT!(kw_tool_out, structured_json, 24);
KW_AT!(kw_tool_out, is_error, 40);
KW_AT!(kw_tool_out, reserved, 44);
KW_SIZE!(kw_tools, 24);
KW_AT!(kw_tools, h, 0);
KW_AT!(kw_tools, list, 8);
KW_AT!(kw_tools, invoke, 16);
