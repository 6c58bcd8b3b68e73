"""What citizens report: categories, offices in charge and wordings, of which also the default labels are made."""

from typing import NamedTuple


class Category(NamedTuple):
    """One kind of report: ``weight`` is its usual share, ``sla_h`` the hours until it is due."""

    name: str
    group: str
    agency: str
    sla_h: int
    weight: float
    stormy: bool
    texts: tuple[str, ...]


_BUILD, _SOIL, _POLICE = "Sở Xây dựng", "Sở Nông nghiệp và Môi trường", "Công an tỉnh"
_POWER, _WATER, _UNIT = "Công ty Điện lực", "Công ty Cấp nước", "UBND xã, phường"

CATEGORIES = (
    Category("Rác thải tồn đọng", "Môi trường", _UNIT, 24, 16, False,
             ("Rác chưa được thu gom nhiều ngày, bốc mùi.", "Điểm tập kết rác tràn ra lòng đường.")),
    Category("Xả rác, xả thải trái phép", "Môi trường", _SOIL, 72, 6, False,
             ("Có người đổ phế thải xây dựng xuống suối.", "Nước thải xả thẳng ra mương, có màu lạ.")),
    Category("Đèn đường hỏng", "Hạ tầng đô thị", _BUILD, 72, 9, True,
             ("Đèn đường tắt cả đoạn, đi lại buổi tối nguy hiểm.", "Đèn nhấp nháy liên tục.")),
    Category("Ổ gà, hư hỏng mặt đường", "Giao thông", _BUILD, 120, 10, False,
             ("Mặt đường có ổ gà sâu, xe máy dễ ngã.", "Đường sụt lún sau khi đào cống.")),
    Category("Ùn tắc giao thông", "Giao thông", _POLICE, 4, 6, True,
             ("Ùn tắc kéo dài, xe không di chuyển được.", "Xe tải dừng giữa đường gây ùn tắc.")),
    Category("Tai nạn giao thông", "Giao thông", _POLICE, 2, 2, False,
             ("Va chạm giữa xe máy và ô tô, cần hỗ trợ.", "Xe tải bị lật bên đường.")),
    Category("Đỗ xe sai quy định", "Giao thông", _POLICE, 8, 7, False,
             ("Ô tô đỗ chắn lối ra vào.", "Xe đỗ kín vỉa hè, người đi bộ phải xuống lòng đường.")),
    Category("Lấn chiếm vỉa hè", "Trật tự đô thị", _UNIT, 48, 8, False,
             ("Hàng quán bày bàn ghế kín vỉa hè.", "Mái che lấn ra lòng đường.")),
    Category("Tiếng ồn", "Trật tự đô thị", _UNIT, 12, 7, False,
             ("Hát karaoke loa kéo quá khuya.", "Công trình thi công ồn ào vào ban đêm.")),
    Category("Ngập úng", "Thoát nước", _BUILD, 6, 3, True,
             ("Nước ngập ngang bánh xe sau mưa.", "Cống tắc, nước tràn vào nhà dân.")),
    Category("Cây đổ, gãy cành", "Cây xanh", _BUILD, 6, 2, True,
             ("Cây đổ chắn ngang đường.", "Cành cây gãy vướng vào dây điện.")),
    Category("Mất điện", "Điện", _POWER, 6, 3, True,
             ("Cả bản mất điện từ sáng.", "Điện chập chờn, thiết bị không dùng được.")),
    Category("Mất nước, nước đục", "Cấp nước", _WATER, 12, 5, False,
             ("Không có nước sinh hoạt hai ngày nay.", "Nước máy đục và có mùi.")),
    Category("Sạt lở đất", "Thiên tai", _SOIL, 4, 1, True,
             ("Taluy sạt xuống đường, xe không qua được.", "Đất đá lăn xuống gần nhà dân.")),
    Category("Cháy nổ, nguy cơ cháy", "An toàn", _POLICE, 1, 1, False,
             ("Có khói bốc lên từ nhà kho.", "Đốt nương gần rừng, lửa lan rộng.")),
    Category("An ninh trật tự", "An toàn", _POLICE, 12, 5, False,
             ("Thanh niên tụ tập, gây gổ ở công viên.", "Mất trộm xe máy trong khu dân cư.")),
    Category("Thái độ phục vụ của cán bộ", "Hành chính công", _UNIT, 72, 3, False,
             ("Cán bộ hướng dẫn chưa rõ, phải đi lại nhiều lần.", "Chờ lâu mà không được giải thích.")),
    Category("Hồ sơ chậm giải quyết", "Hành chính công", _UNIT, 72, 4, False,
             ("Hồ sơ quá hạn trả kết quả mà chưa được thông báo.", "Hồ sơ đất đai chờ nhiều tuần.")),
)  # fmt: skip

# channel: usual share
CHANNELS = (("app", 0.46), ("zalo", 0.2), ("hotline", 0.16), ("web", 0.1), ("facebook", 0.04), ("counter", 0.04))
