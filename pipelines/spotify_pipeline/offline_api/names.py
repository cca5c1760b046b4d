"""Invented names of artists, albums, tracks and labels, in many scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

T = TypeVar("T")

VARIOUS_ARTISTS = "Various Artists"


@dataclass(frozen=True)
class Language:
    """Vocabulary of names and titles."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    # Words of titles.
    words: tuple[str, ...]
    space: str
    # Share of the artists, in relation to the other languages.
    weight: int


def _language(given: str, family: str, words: str, space: str = " ", weight: int = 2) -> Language:
    return Language(tuple(given.split()), tuple(family.split()), tuple(words.split()), space, weight)


LANGUAGES = (
    _language(
        "Aurelle Bram Cosima Dovric Elowen Fenno Gisla Harrow Imka Jorvane Kestrel Lumo Maren Nivola Oskarin Petra "
        "Quill Rozenn Sylve Tamsel Ulric Vesper Wilmot Xanthe Yarrow Zefiro Ottoline Brisco Calder Dunmore",
        "Vantongeren Halloway Okonjiwe Brackwater Castellane Drummore Estervale Fairweir Gannetby Holmqvarn Iverndale "
        "Jessamy Kilbrook Larkmoor Mosswell Nightjarre Ortolane Pellworth Quarrington Rookswood Sandvarg Thornaby "
        "Umberfield Wexcombe Yewbarrow Zolderwyn",
        "Lantern Harbour Static Meridian Paper Velvet Orchard Signal Copper Undertow Parallel Winter Motel Ember "
        "Satellite Glass Ferry Northbound Marrow Halogen Tidal Sleepless Atlas Cinder Postcard Gravity Mezzanine "
        "Violet Concrete Monsoon Compass Afterglow Kerosene Ribbon Tundra Carousel Nocturne Sundial Plateau Riverbed",
        weight=44,
    ),
    _language(
        "Zoë Björk-Åse Éloïse Łucja Žofie Iñaki Søren Gülşah Çağla Mýrún François-Noé Ștefania Håkon Jürgen",
        "Vårgåsen Núñezal Świętobór Křižanský Çelikdağ Ångermö Grünwäldler Hélouïse Ożarówna Ðuričkov Õunapõld",
        "Été Über Coração Niño Fjäll Señal Noël Ñandú Żółć Břeh Gökçe Lâm Mañana Crème Höstglöd Übermorgen Sílení Ævi",
        weight=18,
    ),
    _language(
        "Велимир Злата Ярина Остап Ждана Мирослава Радогост Лютик Снежана Северьян",
        "Заозёрский Половецкая Громобой Ільченківна Ветрогонов Щебетун Ёлкин-Дольный Туманович",
        "Метель Трамвай Полночь Сирень Пролив Ночник Весна Объезд Мираж Подъезд Вокзал Їжак",
    ),
    _language(
        "Ανθούλα Λυσίμαχος Θεώνη Φοίβη Ηλέκτρα Ορφέας",
        "Κυματάρης Ξεφωτίδη Αστρολάβος Μελισσάνθη Πετρόνερου",
        "Θάλασσα Φεγγάρι Ψίθυρος Καλοκαίρι Άνεμος Ταξίδι Όνειρο Σκιά",
    ),
    _language(
        "نورسين زهران ليالينا ريحانة مجدول سهيلان",
        "البحراوندي القمراني الندياوي السرابي المرجانة",
        "ليل قمر غيمة رسالة نافذة صحراء موجة عطر",
    ),
    _language(
        "אורלי-ים תמריאל נחליאל כרמיה זוהרית",
        "בן-גשם הרי-אור שחקיאל גלמיד אבנרוח",
        "לילה חלון מדבר גשם שעון רכבת ירח",
    ),
    _language(
        "आरुषिका निर्वेद मेघल तरंगिनी सुवर्णेश",
        "चन्द्रवाल नीलगिरे सागरिया पवनकर मृदंगी",
        "बारिश चाँदनी सफ़र रौशनी धुआँ पतंग झरना",
    ),
    _language("ฟ้าใสวรรณ ธาราพล เมฆินทร์ ดาวเรืองชัย", "ศรีลมหนาว วงศ์ระฆัง ทิพย์สายธาร", "ฝน แสงดาว ทะเล คืนนี้ ลมหายใจ", ""),
    _language(
        "하늘빛 도담 서리온 별하랑 이든솔",
        "물결단 은하루 새벽길 노을터",
        "밤 우주 비밀 여름 파도 편지 그림자",
        weight=4,
    ),
    _language(
        "霧島野 月城 葉隠 雨宮路 星屑野",
        "ミナモ カゲロウ ひより ソラネ つむぎ",
        "夜 透明 夏 電車 花火 硝子 群青 残響 雨",
        "",
        weight=4,
    ),
    _language(
        "云归 林下风 白鹿洲 沈星野 顾南枝",
        "乐队 合唱团 小夜曲 三重奏",
        "月光 海 旧城 雨季 星河 远方 纸船",
        "",
        weight=3,
    ),
)

_ODD_ACTS = (
    "DJ ☔️ Puddle",
    "🦊Foxglovve🦊",
    "N/A Avenue",
    'The "Quotation" Marques',
    "Oh, Comma & Sons",
    "the lowercase choir",
    "!!Exclaim?!",
    "O'Dwyrr's 9½ Lives",
    "100% Gecko",
    "Ŧhe Ħumming",
)
_LABEL_HEADS = (
    "Brasswren",
    "Ninefold",
    "Kelpie",
    "Ostara",
    "Lowlight",
    "Tin Roof",
    "Marzipan",
    "Große Freude",
    "Ático 4",
)
_LABEL_TAILS = ("Records", "Recordings", "Music Group", "Tapes", "Sounds", "Entertainment Ltd.", "Musique SARL", "音楽")


# One entry for each point of weight: a pick from it is much faster than `Random.choices`.
_BY_WEIGHT = [each for each in LANGUAGES for _ in range(each.weight)]


def pick(rng: Random, choices: Sequence[T]) -> T:
    """Pick one of the choices.

    Unlike `Random.choice`, this picks the same one on every version of Python.
    """
    return choices[int(rng.random() * len(choices))]


def language(rng: Random) -> Language:
    """Pick a language by its weight."""
    return pick(rng, _BY_WEIGHT)


def artist_name(rng: Random, of: Language) -> str:
    """Invent an artist's name, with odd characters now and then."""
    if rng.random() < 0.03:
        return pick(rng, _ODD_ACTS)
    return pick(rng, of.given) + of.space + pick(rng, of.family)


def long_artist_name(rng: Random, of: Language) -> str:
    """Invent an artist's name that few others have."""
    return of.space.join((pick(rng, of.given), pick(rng, of.words), pick(rng, of.family)))


def title(rng: Random, of: Language) -> str:
    """Invent the title of an album or a track: one to three words."""
    lot, first = rng.random(), pick(rng, of.words)
    if lot < 0.33:
        return first
    words = {first: None, pick(rng, of.words): None}
    if lot > 0.87:
        words[pick(rng, of.words)] = None
    return of.space.join(words)


def label(rng: Random) -> str:
    """Invent the name of a record label."""
    return f"{pick(rng, _LABEL_HEADS)} {pick(rng, _LABEL_TAILS)}"
