"""The demo company: an invented seller of industrial equipment that talks to Milepost as any client would."""
