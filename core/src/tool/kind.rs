//! The formats that the tool knows by sight: ours, those of the peers, and a few that are none of them.

/// What a cookie's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Our own: PASETO v4.local with a session's claims.
    Sealed,
    /// Flask's signed session, by itsdangerous.
    Flask,
    /// Starlette's signed session, by itsdangerous.
    Starlette,
    /// Django's `signed_cookies`.
    Django,
    /// An id signed by cookie-signature: express-session.
    Express,
    /// An id signed as @fastify/session does.
    FastifySession,
    /// An id signed by itsdangerous: Flask-Session with `SESSION_USE_SIGNER`.
    FlaskSession,
    /// JSON in base64, with a signature in a cookie beside it.
    CookieSession,
    /// As cookie-session's, with koa-session's own times inside.
    KoaSession,
    /// A seal of @hapi/iron or iron-webcrypto.
    Iron,
    /// A seal of iron-session 8 or 9.
    IronSession,
    /// libsodium's secretbox: @fastify/secure-session.
    SecureSession,
    /// A bare id of a record in a store: ours, and Flask-Session's.
    Id,
    /// The key of a row in Django's session store; starsessions' ids look the same.
    DjangoId,
    /// An id that is a UUID, as old Flask-Session's.
    UuidId,
    /// A JSON Web Token, which no session layer here reads.
    Jwt,
    /// A PASETO of another version or purpose.
    Paseto,
}

impl Kind {
    /// Each of them once, in the order of the manual.
    pub const ALL: [Self; 17] = [
        Self::Sealed,
        Self::Flask,
        Self::Starlette,
        Self::Django,
        Self::Express,
        Self::FastifySession,
        Self::FlaskSession,
        Self::CookieSession,
        Self::KoaSession,
        Self::Iron,
        Self::IronSession,
        Self::SecureSession,
        Self::Id,
        Self::DjangoId,
        Self::UuidId,
        Self::Jwt,
        Self::Paseto,
    ];

    /// The word for `--format`, and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Flask => "flask",
            Self::Starlette => "starlette",
            Self::Django => "django",
            Self::Express => "express",
            Self::FastifySession => "fastify-session",
            Self::FlaskSession => "flask-session",
            Self::CookieSession => "cookie-session",
            Self::KoaSession => "koa-session",
            Self::Iron => "iron",
            Self::IronSession => "iron-session",
            Self::SecureSession => "secure-session",
            Self::Id => "id",
            Self::DjangoId => "django-id",
            Self::UuidId => "uuid",
            Self::Jwt => "jwt",
            Self::Paseto => "paseto",
        }
    }

    /// What it is, in a line.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sealed => "shortcrust's own, encrypted (PASETO v4.local)",
            Self::Flask => "Flask's session, signed by itsdangerous",
            Self::Starlette => "Starlette's session, signed by itsdangerous",
            Self::Django => "Django's signed_cookies session",
            Self::Express => "express-session's id, signed by cookie-signature",
            Self::FastifySession => "@fastify/session's id, signed",
            Self::FlaskSession => "Flask-Session's id, signed by itsdangerous",
            Self::CookieSession => "cookie-session's JSON, signed in a cookie beside it",
            Self::KoaSession => "koa-session's JSON, signed in a cookie beside it",
            Self::Iron => "a seal of iron",
            Self::IronSession => "iron-session's seal",
            Self::SecureSession => "@fastify/secure-session's box, encrypted",
            Self::Id => "the id of a session in a store: shortcrust's or Flask-Session's",
            Self::DjangoId => "the id of a session in a store: Django's or starsessions'",
            Self::UuidId => "the id of a session in a store: a UUID",
            Self::Jwt => "a JSON Web Token; not a session that shortcrust reads",
            Self::Paseto => "a PASETO that is not shortcrust's",
        }
    }

    /// The kind of that name.
    ///
    /// ```
    /// use shortcrust::tool::Kind;
    /// assert!(Kind::ALL.iter().all(|kind| Kind::named(kind.name()) == Some(*kind)));
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A key says whether it is genuine; the others are bare ids, or nothing that the tool opens.
    pub const fn has_key(self) -> bool {
        !matches!(self, Self::Id | Self::DjangoId | Self::UuidId | Self::Jwt | Self::Paseto)
    }

    /// The session is in a store.
    pub const fn is_id(self) -> bool {
        matches!(
            self,
            Self::Express
                | Self::FastifySession
                | Self::FlaskSession
                | Self::Id
                | Self::DjangoId
                | Self::UuidId
        )
    }
}
