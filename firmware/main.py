"""Runs the kit, unless a flasher left it unfinished."""

if __name__ == "__main__":
    import os

    if "INCOMPLETE" in os.listdir():
        print("INCOMPLETE: flashing was not finished and verified; flash this kit again")
    else:
        from nspkit import app, board

        app.main(board.Board())
