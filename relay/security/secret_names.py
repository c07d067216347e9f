"""Which names of fields say that they hold a secret, in English, French, German, Spanish, Portuguese and Italian."""

import re
import unicodedata


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# English first; then French, German, Spanish, Portuguese, Italian, without their accents.
_SECRET_WORDS = _listed(
    """
    pass passwd passwords password passphrase passcode pwd pw secret secrets token tokens hash jwt bearer otp totp
    credential credentials pin pins ssn iban cvv cvc csc cvn cvv2 pan cardnum ccnum eppcode authcode authdata sessid
    mdp motdepasse jeton jetons identifiants cryptogramme secrete secretes
    passwort passworte passwoerter kennwort kennworter kennwoerter geheim geheimnis geheimzahl zugangsdaten anmeldedaten
    kartennummer pruefnummer prufnummer pruefziffer prufziffer sozialversicherungsnummer
    contrasena contrasenas contrasenia contrasenya secreto secretos credenciales
    senha senhas segredo segredos credenciais
    segreto segreti segreta credenziali
    """
)
# A name that ends so: `x-authorization`, but not `authorization_id`.
_SECRET_LAST = tuple(
    _listed("authorization authorisation autorisation autorizacion autorizacao autorizzazione cookie cookies")
)
# Spanish and Italian: passwords where they stand alone, beside other words a key and a word.
_SECRET_ALONE = frozenset(["clave", "claves", "parola"])
_SECRET_TOGETHER = re.compile(
    r"""(?:^|_)(?:
    (?:card|cc|credit_?card|debit_?card)_(?:number|num|no|code)|number_(?:of_)?card|security_code|verification_(?:code|value)
    |track_?data|track_?[12]|social_security(?:_number|_no)?|session_?id|php_?sess_?id|private_exponent
    |mots?_de_passe|code_(?:de_)?securite|num(?:ero)?_(?:de_)?(?:la_)?(?:securite_sociale|carte)
    |karten_?(?:nummer|pruefnummer|prufnummer)|kreditkarten_?nummer|sicherheits_?code|sitzungs_?id
    |num(?:ero)?_(?:de_)?(?:la_)?tarjeta|codigo_(?:de_)?seguridad|(?:sesion_id|id_(?:de_)?sesion)
    |palavra_passe|num(?:ero)?_(?:do_|de_)?cartao|codigo_(?:de_)?seguranca|(?:sessao_id|id_(?:da_)?sessao)
    |num(?:ero)?_(?:della_|di_)?carta|codice_(?:di_)?sicurezza|(?:sessione_id|id_(?:di_)?sessione)|parola_d_ordine
    |(?:carte|karte|tarjeta|cartao|carta)_num(?:ero|mer|ber)?
    )(?:_|$)""",
    re.VERBOSE,
)
_SECRET_ENDINGS = tuple(
    _listed(
        """
    password passwd passphrase passcode secret secrets token tokens accesshash credentials cardnumber
    securitycode sessionid sessid cvv cvc iban
    privatekey apikey accesskey licensekey licencekey secretkey sharedkey signingkey encryptionkey masterkey authkey
    sessionkey sshkey privkey
    passwort kennwort motdepasse contrasena kartennummer zugangsdaten sicherheitscode schluessel schlussel
    """
    )
)
# A key is a secret when something is said of it, unless what is said makes it a name of something.
_KEYS = _listed("key keys cle cles schluessel schlussel clave claves llave llaves chave chaves chiave chiavi")
_HARMLESS_KEYS = _listed(
    """
    idempotency dedupe dedup deduplication alert group incident unique public publishable item object sort cache monitor
    check key mot palabra palavra parola publique oeffentlicher offentlicher publica pubblica
    """
)
# Words of what is shown of a card's number.
_MASKED = _listed("masked mask last hidden truncated obfuscated type brand")
# What such a session or authorization is of: a page of a shop, money put by.
_HARMLESS_SESSIONS = re.compile(r"(?:checkout|payment|billing|portal|setup)_(?:session_?id|authori[sz]ation)(?:_|$)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, judged by whole words: `NEW_PASSWORD`, `key_pem`, `apiKey`."""
    words = words_of(name)
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    if not _KEYS.isdisjoint(words) and len(words) > 1:
        return _HARMLESS_KEYS.isdisjoint(word for word in words if word != "key")
    together = "_".join(words)
    if _HARMLESS_SESSIONS.search(together):
        return False
    return (
        (words != [] and words[-1].endswith(_SECRET_LAST))
        or name.lower() in _SECRET_ALONE
        or any(word.endswith(_SECRET_ENDINGS) for word in words)
        or (_MASKED.isdisjoint(words) and _SECRET_TOGETHER.search(together) is not None)
    )


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case and without accents."""
    name = name[:200]
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
        name = "".join(letter for letter in name if not unicodedata.combining(letter))
    return [word.lower() for word in _WORD.findall(name)]
