import pytest

from tapeline.quantities import find_quantities
from tests.unit.quantities.helpers import found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Lengths
        ("3″", "3 inch"),
        ("3”", "3 inch"),
        ("3''", "3 inch"),
        ("3’’", "3 inch"),
        ('65.3" inch', "65.3 inch"),
        ("20-inch", "20 inch"),
        ("20 INCHES", "20 inch"),
        ("5.9 ln", "5.9 inch"),
        ('20"W', "20 inch"),
        ("20cmW", "20 centimetre"),
        ("7.87in /", "7.87 inch"),
        ("6'", "6 foot"),
        ("6 ft", "6 foot"),
        ("16.40feet", "16.4 foot"),
        ("2 Yards", "2 yard"),
        ("1.2 M", "1.2 metre"),
        ("3 meters", "3 metre"),
        ("45 mm", "45 millimetre"),
        ("5㎝", "5 centimetre"),
        # Weights
        ("3lbs", "3 pound"),
        ("3 LB.", "3 pound"),
        ("5 Ibs", "5 pound"),
        ("3 Kgs", "3 kilogram"),
        ("150gms", "150 gram"),
        ("150 GM", "150 gram"),
        ("500ge", "500 gram"),
        ("12 0Z", "12 ounce"),
        ("1400MG", "1400 milligram"),
        ("50mcg", "50 microgram"),
        ("50 µg", "50 microgram"),
        ("50 μg", "50 microgram"),
        ("3 Ton", "3 ton"),
        # Volumes
        ("2 fl oz", "2 fluid ounce"),
        ("2 FL. OZ.", "2 fluid ounce"),
        ("2fl.oz", "2 fluid ounce"),
        ("2 US fl oz", "2 fluid ounce"),
        ("2 fluid ounces", "2 fluid ounce"),
        ("3mL", "3 millilitre"),
        ("33 cl", "33 centilitre"),
        ("5 dl", "5 decilitre"),
        ("10µl", "10 microlitre"),
        ("1.5L", "1.5 litre"),
        ("2 Ltr", "2 litre"),
        ("5 gal", "5 gallon"),
        ("5 US gallons", "5 gallon"),
        ("2 imperial gallons", "2 imperial gallon"),
        ("1 qt", "1 quart"),
        ("2 pints", "2 pint"),
        ("3 cu ft", "3 cubic foot"),
        ("3 ft³", "3 cubic foot"),
        ("20 cubic inches", "20 cubic inch"),
        # Electricity
        ("12V DC", "12 volt"),
        ("12VDC", "12 volt"),
        ("AC110V", "110 volt"),
        ("18VLITHIUM", "18 volt"),
        ("3.7 Volts", "3.7 volt"),
        ("10 kV", "10 kilovolt"),
        ("120mV", "120 millivolt"),
        ("60 W", "60 watt"),
        ("1.5 kW", "1.5 kilowatt"),
        ("230V~50Hz", "230 volt"),
        ("POWER:MAX750W", "750 watt"),
    ],
)
def test_a_unit_is_found_in_its_spelling(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "kg", "500mAh", "50Hz", "30psi", "12000 BTU", "5 km/h", "5 in 1", "2in1", "3 in a set",
        "20 mg/ml", "240g/m²", "30cm²", "30 cm2", "50 ft-lbs", "10 in. lbs", "5kWh", "50Wh", "128GB", "60's",
        "5 mph", "20W x 10D x 30H", "10 per cent",
    ],
)  # fmt: skip
def test_a_decoy_is_no_quantity(text: str) -> None:
    assert find_quantities(text) == []
