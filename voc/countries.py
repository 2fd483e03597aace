"""Countries as exports write them, read as ISO 3166 codes. Only what tells a telephone's country is kept here."""

from __future__ import annotations

import re
from functools import lru_cache

NAMES = {
    "AE": "united arab emirates|uae", "AR": "argentina", "AT": "austria|österreich|aut", "AU": "australia|aus",
    "BE": "belgium|belgië|belgique|belgien|bel", "BG": "bulgaria|българия|bgr", "BR": "brazil|brasil|bra",
    "CA": "canada|can", "CH": "switzerland|schweiz|suisse|svizzera|che", "CL": "chile|chl", "CN": "china|中国|chn",
    "CO": "colombia|col", "CY": "cyprus|κύπρος|cyp", "CZ": "czechia|czech republic|česko|česká republika|cze",
    "DE": "germany|deutschland|allemagne|alemania|germania|niemcy|deu|ger", "DK": "denmark|danmark|dnk",
    "EE": "estonia|eesti|est", "EG": "egypt|مصر|egy", "ES": "spain|españa|espagne|spanien|spagna|esp",
    "FI": "finland|suomi|fin", "FR": "france|frankreich|francia|fra",
    "GB": "united kingdom|uk|great britain|england|scotland|wales|gbr", "GR": "greece|ελλάδα|grc",
    "HR": "croatia|hrvatska|hrv", "HU": "hungary|magyarország|hun", "ID": "indonesia|idn", "IE": "ireland|irl",
    "IL": "israel|isr", "IN": "india|भारत|ind", "IT": "italy|italia|italien|italie|ita", "JP": "japan|日本|jpn",
    "KR": "south korea|korea|한국|대한민국|kor", "LT": "lithuania|lietuva|ltu", "LU": "luxembourg|luxemburg|lux",
    "LV": "latvia|latvija|lva", "MX": "mexico|méxico|mex", "MY": "malaysia|mys",
    "NL": "netherlands|the netherlands|nederland|holland|nld", "NO": "norway|norge|nor", "NZ": "new zealand|nzl",
    "PL": "poland|polska|polen|pol", "PT": "portugal|prt", "RO": "romania|românia|rou", "RS": "serbia|srbija|srb",
    "RU": "russia|россия|russian federation|rus", "SA": "saudi arabia|السعودية|sau", "SE": "sweden|sverige|swe",
    "SG": "singapore|sgp", "SI": "slovenia|slovenija|svn", "SK": "slovakia|slovensko|svk", "TH": "thailand|tha",
    "TR": "turkey|türkiye|tur", "TW": "taiwan|twn", "UA": "ukraine|україна|ukr",
    "US": "united states|united states of america|usa|u.s.|u.s.a.|america", "VN": "vietnam|việt nam|vnm",
    "ZA": "south africa|zaf",
}  # fmt: skip
BY_NAME = {name: code for code, names in NAMES.items() for name in names.split("|")}
LOCALE = re.compile(r"[a-z]{2,3}[-_](?:[a-z]{4}[-_])?([a-z]{2})(?:[.@].*)?", re.IGNORECASE)


@lru_cache(maxsize=1024)
def country_of(written: str) -> str:
    """The ISO code of a country or of a locale; empty where it is none. A bare language code names no country.

    >>> country_of("Deutschland"), country_of("GB"), country_of("de-AT"), country_of("de")
    ('DE', 'GB', 'AT', '')
    """
    told = written.strip()
    locale = LOCALE.fullmatch(told)
    if locale:
        return locale[1].upper() if locale[1].upper() in NAMES else ""
    if told in NAMES:
        return told
    return BY_NAME.get(told.casefold(), "")
