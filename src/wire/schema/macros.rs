//! The macro behind the notation.

/// Declares messages, records and nested structures; see [`crate::schema`](mod@crate::schema) for the notation.
#[macro_export]
macro_rules! schema {
    () => {};
    (
        $(#[$meta:meta])*
        message $name:ident $(key $key:literal,)? versions $lo:literal - $hi:literal $(, flexible $flexible:literal +)? {
            $($fields:tt)*
        }
        $($rest:tt)*
    ) => {
        $crate::schema! { @item [$(#[$meta])*] $name
            [key: $crate::schema!(@or [$($key)?] -1),
             versions: $crate::schema::Versions { min: $lo, max: $hi },
             flexible: $crate::schema!(@flexible $($flexible)?),]
            { $($fields)* }
        }
        impl $crate::schema::Message for $name {
            const LAYOUT: $crate::schema::Layout = Self::SCHEMA;
        }
        $crate::schema! { $($rest)* }
    };
    (
        $(#[$meta:meta])*
        struct $name:ident { $($fields:tt)* }
        $($rest:tt)*
    ) => {
        $crate::schema! { @item [$(#[$meta])*] $name
            [key: -1,
             versions: $crate::schema::Versions { min: 0, max: i16::MAX },
             flexible: $crate::schema::Versions::NONE,]
            { $($fields)* }
        }
        $crate::schema! { $($rest)* }
    };
    (@item [$($meta:tt)*] $name:ident [$($about:tt)*] { $(
        $(#[$doc:meta])*
        $field:ident : $type:ty, $lo:literal $(+)? $(- $hi:literal)?
            $(, tag $tag:literal)? $(, nullable $from:literal +)? $(, default $default:expr)? $(, ignorable $ignorable:literal)?;
    )* }) => {
        $($meta)*
        #[derive(Clone, PartialEq)]
        #[allow(missing_docs)] // The fields' names are Kafka's own, and documented there.
        pub struct $name {
            $( $(#[$doc])* pub $field: $type, )*
            /// Tagged fields that this version of the project does not know, kept as they came.
            pub unknown_tags: $crate::schema::Tags,
        }

        impl $name {
            const SCHEMA: $crate::schema::Layout = $crate::schema::Layout {
                name: stringify!($name),
                $($about)*
                fields: &[$(
                    $crate::schema!(@field $field: $type, $lo [$($hi)?] [$($tag)?] [$($from)?] [$($default)?] [$($ignorable)?])
                ),*],
            };
        }

        /// Shows what is not at its default.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut out = f.debug_struct(stringify!($name));
                $( if self.$field != $crate::schema!(@default $type [$($default)?]) {
                    out.field(stringify!($field), &self.$field);
                } )*
                if !self.unknown_tags.is_empty() {
                    out.field("unknown_tags", &self.unknown_tags);
                }
                out.finish()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $crate::schema!(@default $type [$($default)?]), )*
                    unknown_tags: Default::default(),
                }
            }
        }

        impl $crate::schema::Value for $name {
            const KIND: $crate::schema::Kind = $crate::schema::Kind::Struct(&Self::SCHEMA);

            fn encode(
                &self, out: &mut $crate::schema::BytesMut, at: $crate::schema::At,
            ) -> Result<(), $crate::schema::EncodeError> {
                $({
                    const FIELD: $crate::schema::Field = $crate::schema!(
                        @field $field: $type, $lo [$($hi)?] [$($tag)?] [$($from)?] [$($default)?] [$($ignorable)?]);
                    $crate::schema::write(
                        &FIELD, &self.$field, || $crate::schema!(@default $type [$($default)?]), out, at)?;
                })*
                #[allow(unused_mut)]
                let mut tags = $crate::schema::TagsWriter::new(out, at);
                $($crate::schema!(@tagged [$($tag)?] {
                    const FIELD: $crate::schema::Field = $crate::schema!(
                        @field $field: $type, $lo [$($hi)?] [$($tag)?] [$($from)?] [$($default)?] [$($ignorable)?]);
                    tags.write(&FIELD, &self.$field, || $crate::schema!(@default $type [$($default)?]))?;
                });)*
                tags.end(&self.unknown_tags)
            }

            fn decode(
                input: &mut $crate::schema::Bytes, at: $crate::schema::At,
            ) -> Result<Self, $crate::schema::DecodeError> {
                let mut value = Self::default();
                $({
                    const FIELD: $crate::schema::Field = $crate::schema!(
                        @field $field: $type, $lo [$($hi)?] [$($tag)?] [$($from)?] [$($default)?] [$($ignorable)?]);
                    $crate::schema::read(&FIELD, &mut value.$field, input, at)?;
                })*
                $crate::schema::read_tags(input, at, |_tag, _bytes| {
                    $({
                        const FIELD: $crate::schema::Field = $crate::schema!(
                            @field $field: $type, $lo [$($hi)?] [$($tag)?] [$($from)?] [$($default)?] [$($ignorable)?]);
                        if FIELD.tag == Some(_tag) && FIELD.versions.contains(at.version) {
                            return $crate::schema::read_tag(&FIELD, &mut value.$field, _bytes, at);
                        }
                    })*
                    value.unknown_tags.insert(_tag, _bytes.clone());
                    Ok(())
                })?;
                Ok(value)
            }
        }

        impl $crate::schema::Nullable for $name {
            fn encode_nullable(
                value: Option<&Self>, out: &mut $crate::schema::BytesMut, at: $crate::schema::At,
            ) -> Result<(), $crate::schema::EncodeError> {
                $crate::schema::At::write_struct(value, out, at)
            }
            fn decode_nullable(
                input: &mut $crate::schema::Bytes, at: $crate::schema::At,
            ) -> Result<Option<Self>, $crate::schema::DecodeError> {
                $crate::schema::At::read_struct(input, at)
            }
        }
    };
    (@field $field:ident : $type:ty, $lo:literal [$($hi:literal)?] [$($tag:literal)?] [$($from:literal)?] [$($default:expr)?] [$($ignorable:literal)?]) => {
        $crate::schema::Field {
            name: stringify!($field),
            kind: <$type as $crate::schema::Value>::KIND,
            versions: $crate::schema::Versions { min: $lo, max: $crate::schema!(@or [$($hi)?] i16::MAX) },
            tag: $crate::schema!(@some [$($tag)?]),
            nullable: if <$type as $crate::schema::Value>::NULLABLE {
                $crate::schema::Versions {
                    min: $crate::schema!(@or [$($from)?] $lo),
                    max: $crate::schema!(@or [$($hi)?] i16::MAX),
                }
            } else {
                $crate::schema::Versions::NONE
            },
            ignorable: $crate::schema!(@or [$($ignorable)?] false),
            default: || format!("{:?}", $crate::schema!(@default $type [$($default)?])),
        }
    };
    (@default $type:ty []) => { <$type as Default>::default() };
    (@default $type:ty [$default:expr]) => {{ let value: $type = $default; value }};
    (@tagged [] $write:block) => {};
    (@tagged [$tag:literal] $write:block) => { $write };
    (@or [] $other:expr) => { $other };
    (@or [$value:expr] $other:expr) => { $value };
    (@some []) => { None };
    (@some [$value:expr]) => { Some($value) };
    (@flexible) => { $crate::schema::Versions::NONE };
    (@flexible $flexible:literal) => { $crate::schema::Versions { min: $flexible, max: i16::MAX } };
}
