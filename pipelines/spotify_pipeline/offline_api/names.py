"""Invented names of artists, albums, tracks and labels, in many scripts; every one is a draw from a seeded random."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

VARIOUS_ARTISTS = "Various Artists"


@dataclass(frozen=True)
class Tongue:
    """Words of one language: for artists, and for titles.

    Attributes:
        given: First words of an artist's name.
        family: Second words.
        words: Words of titles.
        space: What stands between words.
        weight: How often artists are of this tongue.
    """

    given: tuple[str, ...]
    family: tuple[str, ...]
    words: tuple[str, ...]
    space: str = " "
    weight: int = 2


def _tongue(given: str, family: str, words: str, space: str = " ", weight: int = 2) -> Tongue:
    return Tongue(tuple(given.split()), tuple(family.split()), tuple(words.split()), space, weight)


TONGUES = (
    _tongue(
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
    _tongue(
        "Zoë Björk-Åse Éloïse Łucja Žofie Iñaki Søren Gülşah Çağla Mýrún François-Noé Ștefania Håkon Jürgen",
        "Vårgåsen Núñezal Świętobór Křižanský Çelikdağ Ångermö Grünwäldler Hélouïse Ożarówna Ðuričkov Õunapõld",
        "Été Über Coração Niño Fjäll Señal Noël Ñandú Żółć Břeh Gökçe Lâm Mañana Crème Höstglöd Übermorgen Sílení Ævi",
        weight=18,
    ),
    _tongue(
        "Велимир Злата Ярина Остап Ждана Мирослава Радогост Лютик Снежана Северьян",
        "Заозёрский Половецкая Громобой Ільченківна Ветрогонов Щебетун Ёлкин-Дольный Туманович",
        "Метель Трамвай Полночь Сирень Пролив Ночник Весна Объезд Мираж Подъезд Вокзал Їжак",
    ),
    _tongue(
        "Ανθούλα Λυσίμαχος Θεώνη Φοίβη Ηλέκτρα Ορφέας",
        "Κυματάρης Ξεφωτίδη Αστρολάβος Μελισσάνθη Πετρόνερου",
        "Θάλασσα Φεγγάρι Ψίθυρος Καλοκαίρι Άνεμος Ταξίδι Όνειρο Σκιά",
    ),
    _tongue(
        "نورسين زهران ليالينا ريحانة مجدول سهيلان",
        "البحراوندي القمراني الندياوي السرابي المرجانة",
        "ليل قمر غيمة رسالة نافذة صحراء موجة عطر",
    ),
    _tongue(
        "אורלי-ים תמריאל נחליאל כרמיה זוהרית",
        "בן-גשם הרי-אור שחקיאל גלמיד אבנרוח",
        "לילה חלון מדבר גשם שעון רכבת ירח",
    ),
    _tongue(
        "आरुषिका निर्वेद मेघल तरंगिनी सुवर्णेश",
        "चन्द्रवाल नीलगिरे सागरिया पवनकर मृदंगी",
        "बारिश चाँदनी सफ़र रौशनी धुआँ पतंग झरना",
    ),
    _tongue("ฟ้าใสวรรณ ธาราพล เมฆินทร์ ดาวเรืองชัย", "ศรีลมหนาว วงศ์ระฆัง ทิพย์สายธาร", "ฝน แสงดาว ทะเล คืนนี้ ลมหายใจ", ""),
    _tongue(
        "하늘빛 도담 서리온 별하랑 이든솔",
        "물결단 은하루 새벽길 노을터",
        "밤 우주 비밀 여름 파도 편지 그림자",
        weight=4,
    ),
    _tongue(
        "霧島野 月城 葉隠 雨宮路 星屑野",
        "ミナモ カゲロウ ひより ソラネ つむぎ",
        "夜 透明 夏 電車 花火 硝子 群青 残響 雨",
        "",
        weight=4,
    ),
    _tongue(
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


def tongue(rng: Random) -> Tongue:
    """The tongue of an artist; most are Latin."""
    return rng.choices(TONGUES, [each.weight for each in TONGUES])[0]


def artist_name(rng: Random, speech: Tongue) -> str:
    """The name of an artist, now and then one that breaks naive programs."""
    if rng.random() < 0.03:
        return rng.choice(_ODD_ACTS)
    return rng.choice(speech.given) + speech.space + rng.choice(speech.family)


def title(rng: Random, speech: Tongue) -> str:
    """The title of an album or a track: one to three words."""
    words = rng.sample(speech.words, rng.choices((1, 2, 3), (5, 8, 2))[0])
    return speech.space.join(words)


def label(rng: Random) -> str:
    """The name of a record label."""
    return f"{rng.choice(_LABEL_HEADS)} {rng.choice(_LABEL_TAILS)}"
